#include "runtime/refusal.h"

#include <array>
#include <charconv>
#include <mutex>

namespace onda::runtime {
namespace {

struct Noted {
  std::uint64_t count = 0;
  Refusal last;
};

thread_local constinit Noted on_this_thread;

constinit std::mutex process_mutex;
constinit Noted in_process;  // guarded by process_mutex

/// "98.0 MB"; below one, where that would say nothing, "1000 bytes".
std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kMegabyte = 1 << 20;
  if (bytes < kMegabyte) return std::to_string(bytes) + " bytes";
  std::array<char, 32> text;
  const double value = static_cast<double>(bytes) / kMegabyte;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 1);
  return std::string(text.data(), end) + " MB";
}

}  // namespace

std::string Refusal::text() const {
  if (budget_bytes == 0) {
    return size_text(bytes) + " of memory were asked for at once, which the system does not give (" +
           size_text(held_bytes) + " are held); send less at once, or free memory";
  }
  return size_text(bytes) + " of memory were asked for at once, where the budget is " +
         size_text(budget_bytes) + " and " + size_text(held_bytes) +
         " are held; send less at once, or raise the memory budget";
}

void note_refusal(const Refusal& refusal) noexcept {
  ++on_this_thread.count;
  on_this_thread.last = refusal;
  const std::scoped_lock lock(process_mutex);
  ++in_process.count;
  in_process.last = refusal;
}

RefusalWatch::RefusalWatch(Scope scope) noexcept : scope_(scope), before_(on_this_thread.count) {
  if (scope_ == Scope::thread) return;
  const std::scoped_lock lock(process_mutex);
  before_ = in_process.count;
}

std::optional<Refusal> RefusalWatch::seen() const noexcept {
  if (scope_ == Scope::thread) {
    if (on_this_thread.count == before_) return std::nullopt;
    return on_this_thread.last;
  }
  const std::scoped_lock lock(process_mutex);
  if (in_process.count == before_) return std::nullopt;
  return in_process.last;
}

}  // namespace onda::runtime
