#include "onda/tensor_pool.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "onda/error.h"
#include "runtime/deadline_timer.h"
#include "runtime/environment.h"
#include "runtime/lease_layout.h"
#include "runtime/scratch.h"

namespace onda {
namespace {

using Clock = runtime::DeadlineTimer::Clock;
using runtime::LeaseLayout;
using runtime::Scratch;

/// A block that is replaced by a larger one when it has to be, and not otherwise.
class GrowingBuffer {
 public:
  explicit GrowingBuffer(Allocator& allocator) noexcept : allocator_(&allocator) {}
  GrowingBuffer(GrowingBuffer&& other) noexcept
      : allocator_(other.allocator_),
        block_(std::exchange(other.block_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowingBuffer& operator=(GrowingBuffer&&) = delete;
  ~GrowingBuffer() { reset(); }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {block_, capacity_}; }
  /// Its content is lost. Returns whether a block was taken. Throws resource_exhausted; it is empty then.
  bool reserve(std::size_t bytes) {
    if (bytes <= capacity_) return false;
    // First, so that the two do not count at once.
    reset();
    block_ = static_cast<std::byte*>(allocator_->allocate(bytes));
    capacity_ = bytes;
    return true;
  }
  void reset() noexcept {
    if (block_ != nullptr) allocator_->deallocate(block_, capacity_);
    block_ = nullptr;
    capacity_ = 0;
  }

 private:
  Allocator* allocator_;
  std::byte* block_ = nullptr;
  std::size_t capacity_ = 0;
};

bool is_named(std::string_view name, std::string_view wanted) { return name == wanted; }

template <class Named>
const Named& find_named(std::span<const Named> all, std::string_view name, const char* what) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Named& one) { return is_named(one.name, name); });
  if (found == all.end()) {
    throw Error(ErrorCode::invalid_argument,
                "the lease has no " + std::string(what) + " \"" + std::string(name) + '"');
  }
  return *found;
}

}  // namespace

/// The buffers of the layout's inputs, then those of its outputs, and the views that a run is called with.
struct TensorLease::Buffers {
  Buffers(const LeaseLayout& layout, std::size_t declared_outputs, Allocator& allocator) {
    const std::size_t count = layout.inputs().size() + layout.outputs().size();
    blocks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) blocks.emplace_back(allocator);
    inputs.reserve(layout.inputs().size());
    arguments.reserve(layout.inputs().size());
    lent.reserve(layout.outputs().size());
    results.reserve(declared_outputs);
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept {
    std::uint64_t sum = 0;
    for (const GrowingBuffer& block : blocks) sum += block.capacity();
    return sum;
  }
  [[nodiscard]] bool has_room(std::span<const std::size_t> bytes) const noexcept {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].capacity() < bytes[i]) return false;
    }
    return true;
  }

  std::vector<GrowingBuffer> blocks;
  std::vector<NamedMutableView> inputs;
  std::vector<NamedView> arguments;
  std::vector<NamedMutableView> lent;
  std::vector<NamedTensor> allocated;  ///< by ONNX Runtime
  std::vector<NamedView> results;
  Clock::time_point idle_since;
  std::unique_ptr<Buffers> next;  ///< in a list of those that go
};

/// What the pool and its leases share.
struct TensorLease::State {
  State(Session opened, TensorPoolOptions given)
      : session(std::move(opened)),
        options(std::move(given)),
        environment(session.runtime().environment()),
        layout(session.inputs(), session.outputs()),
        follows(std::make_unique<std::atomic<bool>[]>(layout.outputs().size())) {
    if (options.idle_time.count() < 0) {
      throw Error(ErrorCode::invalid_argument,
                  "TensorPoolOptions::idle_time is negative; expected 0 or more");
    }
    if (!options.allocator) options.allocator = session.runtime().allocator();
    if (!options.allocator) options.allocator = system_allocator();
    for (std::size_t i = 0; i < layout.outputs().size(); ++i) follows[i] = true;
    idle.reserve(options.idle_leases + 1);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() = default;

  /// `given`: the inputs, where they are not the lease's own.
  [[nodiscard]] std::unique_ptr<Buffers> take(std::span<const std::int64_t> sizes,
                                              std::optional<std::span<const NamedView>> given = {});
  void give_back(std::unique_ptr<Buffers> buffers) noexcept;
  void trim() noexcept;

  const Session session;
  TensorPoolOptions options;
  const std::shared_ptr<runtime::Environment> environment;
  const LeaseLayout layout;
  /// For each of the layout's outputs: false once the model has computed another shape than it declares.
  const std::unique_ptr<std::atomic<bool>[]> follows;

  std::mutex mutex;
  // Guarded by mutex.
  std::vector<std::unique_ptr<Buffers>> idle;  // the longest idle first; never grows
  TensorPoolStatistics statistics;
  bool is_timer_set = false;

 private:
  [[nodiscard]] std::unique_ptr<Buffers> pick(std::span<const std::size_t> bytes);
  [[nodiscard]] std::unique_ptr<Buffers> remove(std::size_t i) noexcept;
  void shape(Buffers& buffers, std::span<const std::int64_t> sizes, std::span<const std::size_t> bytes,
             std::optional<std::span<const NamedView>> given);
  static Clock::time_point give_up_idle(void* self) noexcept;

  // Last: what it calls uses the rest.
  runtime::DeadlineTimer::Entry decay_{environment->timer(), Clock::time_point::max(), &give_up_idle, this};
};

/// With `mutex` held.
std::unique_ptr<TensorLease::Buffers> TensorLease::State::remove(std::size_t i) noexcept {
  auto taken = std::move(idle[i]);
  idle.erase(idle.begin() + static_cast<std::ptrdiff_t>(i));
  statistics.idle_bytes -= taken->capacity();
  --statistics.idle_leases;
  return taken;
}

/// The smallest that has room, else the largest, which grows; null where none is idle. With `mutex` held.
std::unique_ptr<TensorLease::Buffers> TensorLease::State::pick(std::span<const std::size_t> bytes) {
  std::size_t best = idle.size();
  bool best_has_room = false;
  std::uint64_t best_capacity = 0;
  // The last returned first: of equal ones it is the one in the processor's cache.
  for (std::size_t i = idle.size(); i > 0; --i) {
    const Buffers& one = *idle[i - 1];
    const bool has_room = one.has_room(bytes);
    const std::uint64_t capacity = one.capacity();
    const bool is_better =
        best == idle.size() || (has_room && !best_has_room) ||
        (has_room == best_has_room && (has_room ? capacity < best_capacity : capacity > best_capacity));
    if (!is_better) continue;
    best = i - 1;
    best_has_room = has_room;
    best_capacity = capacity;
  }
  return best == idle.size() ? nullptr : remove(best);
}

void TensorLease::State::shape(Buffers& buffers, std::span<const std::int64_t> sizes,
                               std::span<const std::size_t> bytes,
                               std::optional<std::span<const NamedView>> given) {
  buffers.inputs.clear();
  buffers.arguments.clear();
  buffers.lent.clear();
  buffers.results.clear();
  if (given) buffers.arguments.assign(given->begin(), given->end());
  const auto inputs = layout.inputs();
  for (std::size_t i = 0; i < inputs.size() && !given; ++i) {
    const auto elements = buffers.blocks[i].bytes().first(bytes[i]);
    const MutableTensorView view(inputs[i].dtype, LeaseLayout::shape_of(inputs[i], sizes), elements);
    buffers.inputs.push_back({inputs[i].name, view});
    buffers.arguments.push_back({inputs[i].name, view.view()});
  }
  const auto outputs = layout.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    // Relaxed: a lease that does not know yet finds out by itself.
    if (!follows[i].load(std::memory_order_relaxed)) continue;
    const std::size_t at = inputs.size() + i;
    const auto elements = buffers.blocks[at].bytes().first(bytes[at]);
    buffers.lent.push_back(
        {outputs[i].name, {outputs[i].dtype, LeaseLayout::shape_of(outputs[i], sizes), elements}});
  }
}

std::unique_ptr<TensorLease::Buffers> TensorLease::State::take(
    std::span<const std::int64_t> sizes, std::optional<std::span<const NamedView>> given) {
  layout.require_all(sizes);
  const std::size_t count = layout.inputs().size();
  Scratch<std::size_t, 32> bytes(count + layout.outputs().size());
  const auto bytes_of = [&](const LeaseLayout::Value& value) {
    return byte_size(value.dtype, LeaseLayout::shape_of(value, sizes).element_count());
  };
  for (std::size_t i = 0; i < count; ++i) bytes[i] = given ? 0 : bytes_of(layout.inputs()[i]);
  for (std::size_t i = 0; i < layout.outputs().size(); ++i) {
    if (follows[i].load(std::memory_order_relaxed)) bytes[count + i] = bytes_of(layout.outputs()[i]);
  }

  std::unique_ptr<Buffers> buffers;
  {
    const std::scoped_lock lock(mutex);
    buffers = pick(bytes.span());
    ++statistics.leases;
    ++statistics.acquired;
  }
  std::uint64_t allocations = 0;
  try {
    if (!buffers) buffers = std::make_unique<Buffers>(layout, session.outputs().size(), *options.allocator);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (buffers->blocks[i].reserve(bytes[i])) ++allocations;
    }
    for (std::size_t i = 0; i < layout.outputs().size(); ++i) {
      if (!follows[i].load(std::memory_order_relaxed)) buffers->blocks[count + i].reset();
    }
    shape(*buffers, sizes, bytes.span(), given);
  } catch (...) {
    const std::scoped_lock lock(mutex);
    --statistics.leases;
    --statistics.acquired;
    throw;
  }
  // In a steady stream there are none, and no second lock.
  if (allocations > 0) {
    const std::scoped_lock lock(mutex);
    statistics.allocations += allocations;
  }
  return buffers;
}

void TensorLease::State::give_back(std::unique_ptr<Buffers> buffers) noexcept {
  buffers->results.clear();
  buffers->allocated.clear();
  buffers->idle_since = Clock::now();
  const std::uint64_t capacity = buffers->capacity();
  std::unique_ptr<Buffers> gone;
  bool sets_timer = false;
  {
    const std::scoped_lock lock(mutex);
    --statistics.leases;
    if (options.idle_leases == 0 || capacity > options.idle_bytes) {
      gone = std::move(buffers);
    } else {
      while (idle.size() >= options.idle_leases || statistics.idle_bytes + capacity > options.idle_bytes) {
        auto oldest = remove(0);
        oldest->next = std::move(gone);
        gone = std::move(oldest);
      }
      idle.push_back(std::move(buffers));
      ++statistics.idle_leases;
      statistics.idle_bytes += capacity;
      sets_timer = !is_timer_set && options.idle_time.count() > 0;
      is_timer_set = is_timer_set || sets_timer;
    }
  }
  if (!sets_timer) return;
  try {
    decay_.set(Clock::now() + options.idle_time);
  } catch (const std::system_error&) {
    // No thread for the timer: the next one that comes back tries again.
    const std::scoped_lock lock(mutex);
    is_timer_set = false;
  }
}

/// On the timer's thread. Returns when to be called again.
Clock::time_point TensorLease::State::give_up_idle(void* self) noexcept {
  State& state = *static_cast<State*>(self);
  std::unique_ptr<Buffers> gone;
  const std::scoped_lock lock(state.mutex);
  const auto now = Clock::now();
  while (!state.idle.empty() && state.idle.front()->idle_since + state.options.idle_time <= now) {
    auto oldest = state.remove(0);
    oldest->next = std::move(gone);
    gone = std::move(oldest);
  }
  state.is_timer_set = !state.idle.empty();
  if (!state.is_timer_set) return Clock::time_point::max();
  return state.idle.front()->idle_since + state.options.idle_time;
}

void TensorLease::State::trim() noexcept {
  std::unique_ptr<Buffers> gone;
  const std::scoped_lock lock(mutex);
  while (!idle.empty()) {
    auto one = remove(idle.size() - 1);
    one->next = std::move(gone);
    gone = std::move(one);
  }
}

TensorLease::TensorLease(std::shared_ptr<State> state, std::unique_ptr<Buffers> buffers) noexcept
    : state_(std::move(state)), buffers_(std::move(buffers)) {}

TensorLease::TensorLease(TensorLease&& other) noexcept = default;

TensorLease& TensorLease::operator=(TensorLease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  state_ = std::move(other.state_);
  buffers_ = std::move(other.buffers_);
  return *this;
}

TensorLease::~TensorLease() { give_back(); }

void TensorLease::give_back() noexcept {
  if (buffers_) state_->give_back(std::move(buffers_));
}

std::span<const NamedMutableView> TensorLease::inputs() const noexcept { return buffers_->inputs; }
std::span<const NamedView> TensorLease::outputs() const noexcept { return buffers_->results; }

const MutableTensorView& TensorLease::input(std::string_view name) const {
  return find_named(inputs(), name, "input").tensor;
}
const TensorView& TensorLease::output(std::string_view name) const {
  return find_named(outputs(), name, "output").tensor;
}

/// All outputs by ONNX Runtime, which tells which of the lent ones had a shape that the model does not
/// compute.
void TensorLease::lend_no_outputs(const RunOptions& options) {
  auto allocated = state_->session.run(buffers_->arguments, options);
  const auto outputs = state_->layout.outputs();
  for (const NamedMutableView& lent : buffers_->lent) {
    const auto at =
        std::find_if(outputs.begin(), outputs.end(), [&](const auto& o) { return o.name == lent.name; });
    if (allocated[at->index].tensor.shape() == lent.tensor.shape()) continue;
    state_->follows[static_cast<std::size_t>(at - outputs.begin())].store(false, std::memory_order_relaxed);
  }
  buffers_->lent.clear();
  buffers_->allocated = std::move(allocated);
}

void TensorLease::run(const RunOptions& options) {
  Buffers& buffers = *buffers_;
  const Session& session = state_->session;
  buffers.results.clear();
  buffers.allocated.clear();
  try {
    buffers.allocated = session.run(buffers.arguments, buffers.lent, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::shape_mismatch || buffers.lent.empty()) throw;
    lend_no_outputs(options);
  }
  // Both lists are in the model's order.
  auto lent = buffers.lent.begin();
  auto allocated = buffers.allocated.begin();
  for (const ValueInfo& output : session.outputs()) {
    if (lent != buffers.lent.end() && lent->name == output.name) {
      buffers.results.push_back({output.name, lent++->tensor.view()});
    } else {
      buffers.results.push_back({output.name, allocated++->tensor.view()});
    }
  }
}

TensorPool::TensorPool(Session session, TensorPoolOptions options)
    : state_(std::make_shared<TensorLease::State>(std::move(session), std::move(options))) {}

TensorPool::~TensorPool() = default;

TensorLease TensorPool::acquire(std::span<const DimensionSize> sizes) {
  Scratch<std::int64_t> values(state_->layout.symbol_count());
  std::fill(values.span().begin(), values.span().end(), LeaseLayout::kUnknown);
  for (const auto& [name, size] : sizes) state_->layout.set_size(name, size, values.span());
  return {state_, state_->take(values.span())};
}

TensorLease TensorPool::acquire_batch(std::int64_t size) {
  Scratch<std::int64_t> values(state_->layout.symbol_count());
  std::fill(values.span().begin(), values.span().end(), LeaseLayout::kUnknown);
  state_->layout.set_batch(size, values.span());
  return {state_, state_->take(values.span())};
}

TensorLease TensorPool::acquire_shapes(std::span<const Shape> shapes) {
  Scratch<std::int64_t> values(state_->layout.symbol_count());
  std::fill(values.span().begin(), values.span().end(), LeaseLayout::kUnknown);
  state_->layout.set_shapes(shapes, values.span());
  return {state_, state_->take(values.span())};
}

TensorLease TensorPool::acquire_outputs(std::span<const NamedView> inputs) {
  const LeaseLayout& layout = state_->layout;
  Scratch<std::int64_t> values(layout.symbol_count());
  std::fill(values.span().begin(), values.span().end(), LeaseLayout::kUnknown);
  for (std::size_t i = 0; i < layout.inputs().size(); ++i) {
    const std::string_view name = layout.inputs()[i].name;
    const auto given =
        std::find_if(inputs.begin(), inputs.end(), [&](const NamedView& one) { return one.name == name; });
    if (given == inputs.end()) {
      throw Error(ErrorCode::invalid_argument, "input \"" + std::string(name) + "\" is missing");
    }
    layout.set_shape(i, given->tensor.shape(), values.span());
  }
  return {state_, state_->take(values.span(), inputs)};
}

bool TensorPool::lends_all_outputs() const noexcept {
  return state_->layout.outputs().size() == state_->session.outputs().size();
}

void TensorPool::trim() noexcept { state_->trim(); }

TensorPoolStatistics TensorPool::statistics() const noexcept {
  const std::scoped_lock lock(state_->mutex);
  return state_->statistics;
}

}  // namespace onda
