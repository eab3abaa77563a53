#include "telemetry/trace_sampler.h"

#include <utility>

namespace onda::telemetry {
namespace {

// Relaxed throughout: a change of the settings may reach a request that begins beside it, or not.
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

bool TraceBudget::take() noexcept {
  std::int64_t left = remaining_.load(kRelaxed);
  while (left > 0 && !remaining_.compare_exchange_weak(left, left - 1, kRelaxed)) {
  }
  return left != 0;
}

void TraceBudget::set(std::int64_t count) noexcept { remaining_.store(count, kRelaxed); }

std::int64_t TraceBudget::remaining() const noexcept { return remaining_.load(kRelaxed); }

TraceSampler::TraceSampler(std::shared_ptr<TraceBudget> shared) noexcept : shared_(std::move(shared)) {}

void TraceSampler::set(std::uint32_t rate, BudgetOf budget) noexcept {
  uses_own_.store(budget == BudgetOf::model, kRelaxed);
  rate_.store(rate, kRelaxed);
}

bool TraceSampler::sample_every(std::uint32_t rate) noexcept {
  if ((seen_.fetch_add(1, kRelaxed) + 1) % rate != 0) return false;
  return uses_own_.load(kRelaxed) ? own_.take() : shared_->take();
}

}  // namespace onda::telemetry
