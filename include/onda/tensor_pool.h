#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "onda/allocator.h"
#include "onda/session.h"

namespace onda {

/// The size of a dynamic dimension, by its symbolic name.
struct DimensionSize {
  std::string_view name;
  std::int64_t size = 0;
};

struct TensorPoolOptions {
  /// Where buffers come from. Null: the runtime's allocator, where there is one, else the system's.
  std::shared_ptr<Allocator> allocator = {};
  /// How many sets of buffers are kept for reuse while nobody has them, and how many bytes they may have
  /// together. Beyond that, the one that was idle longest goes.
  std::size_t idle_leases = 16;
  std::uint64_t idle_bytes = std::uint64_t{256} << 20;
  /// What nobody needed for so long goes back to the allocator, on the runtime's timer thread. 0: only `trim`
  /// gives back.
  std::chrono::nanoseconds idle_time = std::chrono::seconds(1);
};

struct TensorPoolStatistics {
  std::uint64_t leases = 0;       ///< in somebody's hands
  std::uint64_t idle_leases = 0;  ///< kept for reuse
  std::uint64_t idle_bytes = 0;   ///< in those
  std::uint64_t acquired = 0;     ///< leases so far
  std::uint64_t allocations = 0;  ///< buffers that were taken from the allocator for them
};

/// Buffers for the inputs and outputs of one request. Whoever has it has them alone; it moves, and gives them
/// back to its pool when it is destroyed, on any thread, also when pool and session handle are gone (it keeps
/// the model open). Not safe from several threads at once. What was moved from can only be destroyed or
/// assigned to.
class TensorLease {
 public:
  TensorLease(TensorLease&&) noexcept;
  TensorLease& operator=(TensorLease&&) noexcept;
  TensorLease(const TensorLease&) = delete;
  TensorLease& operator=(const TensorLease&) = delete;
  ~TensorLease();

  /// To be filled, in the model's order; their elements are unspecified at first. Inputs that the model has a
  /// default for are left out. None where they are the caller's (TensorPool::acquire_outputs).
  [[nodiscard]] std::span<const NamedMutableView> inputs() const noexcept;
  /// Throws invalid_argument for a name that none has.
  [[nodiscard]] const MutableTensorView& input(std::string_view name) const;

  /// Runs the model on the inputs. Outputs whose shapes follow from the inputs' are written into the lease's
  /// buffers, the others are allocated by ONNX Runtime. As Session::run; the lease stays usable after a
  /// failure. Where a model computes another shape than it declares, the run is repeated, once: the pool
  /// leaves that output to ONNX Runtime from then on.
  void run(const RunOptions& options = {});

  /// Of the last run, all of them, in the model's order; none before it and after one that failed. Valid
  /// until the next run.
  [[nodiscard]] std::span<const NamedView> outputs() const noexcept;
  /// Throws invalid_argument for a name that none has.
  [[nodiscard]] const TensorView& output(std::string_view name) const;

 private:
  friend class TensorPool;
  struct State;
  struct Buffers;
  TensorLease(std::shared_ptr<State> state, std::unique_ptr<Buffers> buffers) noexcept;
  void give_back() noexcept;
  void lend_no_outputs(const RunOptions& options);

  std::shared_ptr<State> state_;
  std::unique_ptr<Buffers> buffers_;
};

/// Hands out the input and output buffers of a model for reuse: a steady stream of requests allocates
/// nothing, whatever their sizes, once the largest has been seen (ranks up to `Shape::kInlineRank`, at most
/// 16 inputs and 16 outputs). A buffer that is large enough is given another shape; the smallest set that
/// does is taken.
///
/// Safe from any thread; one short lock for each acquire and each return.
class TensorPool {
 public:
  /// Shares the session. Throws unimplemented for a model with an input that cannot be lent (strings, no
  /// tensor, unknown rank), invalid_argument for a negative time.
  explicit TensorPool(Session session, TensorPoolOptions options = {});
  TensorPool(const TensorPool&) = delete;
  TensorPool& operator=(const TensorPool&) = delete;
  /// Leases may outlive it.
  ~TensorPool();

  /// With a size for each dynamic dimension of the inputs. Throws invalid_argument for a name that is unknown
  /// or missing and for a negative size, resource_exhausted where the allocator has no memory.
  [[nodiscard]] TensorLease acquire(std::span<const DimensionSize> sizes);
  [[nodiscard]] TensorLease acquire(std::initializer_list<DimensionSize> sizes = {}) {
    return acquire(std::span<const DimensionSize>(sizes.begin(), sizes.size()));
  }
  /// With this size for the first dimension of each input where that is dynamic; no other may be.
  [[nodiscard]] TensorLease acquire_batch(std::int64_t size);
  /// With a shape for each of the lease's inputs, in their order; also for dimensions without a name. Throws
  /// shape_mismatch where they do not fit the model.
  [[nodiscard]] TensorLease acquire_shapes(std::span<const Shape> shapes);

  /// Outputs alone: the lease's inputs are these, in any order, read where they are. They, and what they
  /// view, stay until its last `run` has returned. Throws as `acquire_shapes`, and invalid_argument where an
  /// input is missing.
  [[nodiscard]] TensorLease acquire_outputs(std::span<const NamedView> inputs);
  /// Whether the shapes of all outputs follow from the inputs', as the model declares them.
  [[nodiscard]] bool lends_all_outputs() const noexcept;

  /// Gives what is idle back to the allocator.
  void trim() noexcept;
  [[nodiscard]] TensorPoolStatistics statistics() const noexcept;

 private:
  std::shared_ptr<TensorLease::State> state_;
};

}  // namespace onda
