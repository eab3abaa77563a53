#include "telemetry/stripe.h"

#include <atomic>

namespace onda::telemetry {
namespace {

// A constant first value: reading the number then costs no check of whether it has been initialised.
constinit thread_local unsigned mine = kStripes;

unsigned deal() noexcept {
  static constinit std::atomic<unsigned> next{0};
  // Relaxed: only the numbers matter, nothing is published with them.
  mine = next.fetch_add(1, std::memory_order_relaxed) % kStripes;
  return mine;
}

}  // namespace

unsigned stripe() noexcept { return mine < kStripes ? mine : deal(); }

}  // namespace onda::telemetry
