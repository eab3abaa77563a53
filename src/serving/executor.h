#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "onda/session.h"

namespace onda::serving {

/// What one run gave. `outputs` are all of the model's, in its order, valid while `hold` lives.
struct Executed {
  std::vector<NamedView> outputs;
  std::shared_ptr<const void> hold;
};

/// How much of the machine a run may use.
enum class Parallelism {
  one_thread,    ///< the calling thread alone: others run beside it
  whole_machine  ///< nothing else runs: threads within the operators are welcome
};

/// Runs a model. The seam below the scheduler: tests have one that takes as long, or fails, as told.
/// Safe from any thread, several runs at once.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// `inputs` are as the model wants them and stay alive and unchanged for the call; `executed` is cleared
  /// and filled, keeping its memory. Throws Error, `executed` is empty then.
  virtual void run(std::span<const NamedView> inputs, Parallelism parallelism, const RunOptions& options,
                   Executed& executed) = 0;

  /// Where batches are gathered.
  [[nodiscard]] virtual const std::shared_ptr<Allocator>& allocator() const noexcept = 0;

  /// Whether the shapes of all outputs follow from those of the inputs: a request that was cheap once is
  /// cheap again.
  [[nodiscard]] virtual bool is_predictable() const noexcept = 0;
};

}  // namespace onda::serving
