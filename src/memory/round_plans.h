#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "memory/round_plan.h"

namespace onda::memory {

/// The plans of the rounds of one kind (the runs of one session), by a key that stands for what decides their
/// allocations (the shapes of the inputs). Two rounds with one key need not be alike: a plan that is not kept
/// to is dropped, and after a few of them the key is left alone.
///
/// A round is recorded the first time, planned when its key comes again, and followed from then on. The keys
/// used longest ago leave first. Safe from any thread; `begin` takes one short lock.
class RoundPlans {
 public:
  static constexpr std::size_t kMostKeys = 256;
  /// Plans of one key that were not kept to before it is left alone.
  static constexpr int kMostDeviations = 4;

  explicit RoundPlans(std::size_t most_keys = kMostKeys) noexcept;
  RoundPlans(const RoundPlans&) = delete;
  RoundPlans& operator=(const RoundPlans&) = delete;

  /// Of this object alone, in the whole process.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  /// Changes when a plan is dropped because it was not kept to: until then a key's plan stays the same.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_relaxed); }

  /// What a round is to do: record itself, follow `plan`, or neither.
  struct Task {
    bool record = false;
    std::shared_ptr<const RoundPlan> plan = {};
  };

  /// Never throws: without memory the answer is to do neither.
  [[nodiscard]] Task begin(std::uint64_t key) noexcept;
  /// What a round that was to record itself has seen. The first one counts. Without memory it is forgotten.
  void add(std::uint64_t key, std::vector<RecordedBlock> blocks) noexcept;
  /// A round has asked for something else than its plan said.
  void deviated(std::uint64_t key, const RoundPlan& plan) noexcept;

 private:
  struct Entry {
    std::vector<RecordedBlock> recorded;
    bool is_recorded = false;
    bool is_left_alone = false;
    std::shared_ptr<const RoundPlan> plan;
    int deviations = 0;
    std::uint64_t used = 0;
  };
  void make_room();

  const std::uint64_t id_;
  const std::size_t most_keys_;
  std::atomic<std::uint64_t> version_{0};
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace onda::memory
