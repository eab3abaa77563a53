#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "onda/session.h"
#include "onda/tensor_pool.h"
#include "serving/executor.h"
#include "serving/striped_pointer.h"

namespace onda::serving {

/// Runs a model in ONNX Runtime. All runs share one session for each parallelism, and its reused output
/// buffers: on the CPU a session keeps no state of a run. The sessions may be replaced while runs go on; each
/// ends on what it began on.
class SessionExecutor final : public Executor {
 public:
  /// `whole_machine` has threads within its operators, for runs that are alone; without it all runs use
  /// `one_thread`.
  struct Sessions {
    Session one_thread;
    std::optional<Session> whole_machine;
  };

  explicit SessionExecutor(Sessions sessions);

  void run(std::span<const NamedView> inputs, Parallelism parallelism, const RunOptions& options,
           Executed& executed) override;
  [[nodiscard]] const std::shared_ptr<Allocator>& allocator() const noexcept override { return allocator_; }
  [[nodiscard]] bool is_predictable() const noexcept override { return is_predictable_; }

  /// From now on runs begin on these; they are of the same model.
  void replace(Sessions sessions);
  /// Called once, on the thread of a run that was alone on the machine, had no threads of its own and took so
  /// long that some would have helped. Before the first run.
  void when_threads_would_help(std::function<void()> call) { threads_would_help_ = std::move(call); }
  /// What runs begin on.
  [[nodiscard]] Sessions sessions() const;

 private:
  void run_on_lane(std::span<const NamedView> inputs, Parallelism parallelism, const RunOptions& options,
                   Executed& executed);

  /// A session, and buffers for its outputs where they can be lent: a pool for each stripe, so that threads
  /// which run quick models do not wait for each other.
  struct Lane {
    explicit Lane(Session opened);
    [[nodiscard]] bool lends() const noexcept { return !pools.empty(); }
    Session session;
    std::vector<std::unique_ptr<TensorPool>> pools;
  };
  struct Lanes {
    explicit Lanes(Sessions sessions);
    Lane one_thread;
    std::optional<Lane> whole_machine;
  };

  std::shared_ptr<Allocator> allocator_;
  StripedPointer<Lanes> lanes_;
  std::function<void()> threads_would_help_;
  std::atomic<bool> has_called_{false};
  bool is_predictable_ = false;
};

}  // namespace onda::serving
