#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace onda::telemetry {

/// How many requests may still be traced. Safe from any thread.
class TraceBudget {
 public:
  static constexpr std::int64_t kUnlimited = -1;

  explicit TraceBudget(std::int64_t count = kUnlimited) noexcept : remaining_(count) {}

  /// Whether there was one left, which is used up then.
  [[nodiscard]] bool take() noexcept;
  void set(std::int64_t count) noexcept;
  [[nodiscard]] std::int64_t remaining() const noexcept;

 private:
  std::atomic<std::int64_t> remaining_;
};

/// Decides which requests of one model are traced: every `rate`-th, as long as the budget lasts. A model
/// keeps its own while it is loaded; TraceSettings changes it meanwhile. Safe from any thread.
class TraceSampler {
 public:
  enum class BudgetOf { model, all_models };

  /// Traces nothing until `set`. `shared` is the budget of all models that have none of their own.
  explicit TraceSampler(std::shared_ptr<TraceBudget> shared) noexcept;
  TraceSampler(const TraceSampler&) = delete;
  TraceSampler& operator=(const TraceSampler&) = delete;
  ~TraceSampler() = default;

  /// Whether the request that begins now is traced. One relaxed load where nothing is.
  [[nodiscard]] bool sample() noexcept {
    const std::uint32_t rate = rate_.load(std::memory_order_relaxed);
    return rate != 0 && sample_every(rate);
  }

  /// A rate of 0 traces nothing.
  void set(std::uint32_t rate, BudgetOf budget) noexcept;
  /// The model's own.
  [[nodiscard]] TraceBudget& budget() noexcept { return own_; }

 private:
  [[nodiscard]] bool sample_every(std::uint32_t rate) noexcept;

  std::atomic<std::uint32_t> rate_{0};
  std::atomic<bool> uses_own_{false};
  std::atomic<std::uint64_t> seen_{0};  ///< requests while tracing was on
  TraceBudget own_;
  const std::shared_ptr<TraceBudget> shared_;
};

}  // namespace onda::telemetry
