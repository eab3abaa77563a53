#include "runtime/invocation.h"

#include <atomic>
#include <cerrno>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "memory/allocation_round.h"
#include "onda/error.h"
#include "runtime/handles.h"
#include "runtime/scratch.h"
#include "runtime/status.h"
#include "runtime/value.h"

namespace onda::runtime {
namespace {

using Clock = std::chrono::steady_clock;

/// Ends one run from outside. A terminate flag hits every run that shares its options, so each run has its
/// own.
class Interruption {
 public:
  Interruption(Environment& environment, const RunOptions& options) : api_(environment.api()) {
    require_time_left(options);
    if (!options.stop.stop_possible() && !options.deadline) return;
    OrtRunOptions* raw = nullptr;
    check(api_, api_.CreateRunOptions(&raw), "make run options");
    run_options_ = RunOptionsHandle(raw, {&api_});
    // ONNX Runtime logs a run that was ended, or failed, as an error, and gives the same text in its status.
    check(api_, api_.RunOptionsSetRunLogSeverityLevel(raw, ORT_LOGGING_LEVEL_FATAL), "set a run's log level");
    if (options.stop.stop_possible()) stop_.emplace(options.stop, Cancel{this});
    if (options.deadline) timer_.emplace(environment.timer(), *options.deadline, &expire, this);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// Null where nothing can end the run: then it costs nothing.
  [[nodiscard]] const OrtRunOptions* run_options() const noexcept { return run_options_.get(); }

  /// Throws when it was this that ended the run: known by our own flag, never by ONNX Runtime's text.
  void rethrow() const {
    if (cancelled_.load()) throw Error(ErrorCode::cancelled, "the run was cancelled");
    if (expired_.load()) throw Error(ErrorCode::deadline_exceeded, "the run did not end before its deadline");
  }

 private:
  struct Cancel {
    Interruption* self;
    void operator()() const noexcept {
      self->cancelled_.store(true);
      self->terminate();
    }
  };
  static DeadlineTimer::Clock::time_point expire(void* self) noexcept {
    auto* interruption = static_cast<Interruption*>(self);
    interruption->expired_.store(true);
    interruption->terminate();
    return DeadlineTimer::kNever;
  }
  static void require_time_left(const RunOptions& options) {
    if (options.stop.stop_requested())
      throw Error(ErrorCode::cancelled, "the run was cancelled before it began");
    if (options.deadline && *options.deadline <= Clock::now()) {
      throw Error(ErrorCode::deadline_exceeded, "the deadline had passed before the run began");
    }
  }
  void terminate() noexcept { discard(api_, api_.RunOptionsSetTerminate(run_options_.get())); }

  const OrtApi& api_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> expired_{false};
  RunOptionsHandle run_options_;
  // Last, so that neither can fire on options that are gone.
  std::optional<std::stop_callback<Cancel>> stop_;
  std::optional<DeadlineTimer::Entry> timer_;
};

/// The values of one run, in the forms that ONNX Runtime's C API wants.
class Arguments {
 public:
  Arguments(std::size_t inputs, std::size_t outputs)
      : input_names_(inputs), inputs_(inputs), output_names_(outputs), outputs_(outputs) {}
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  ~Arguments() {
    for (OrtValue* value : inputs_.span()) release(value);
    for (OrtValue* value : outputs_.span()) release(value);
  }

  void set_input(std::size_t i, const char* name, ValueHandle value) noexcept {
    input_names_[i] = name;
    inputs_[i] = keep(std::move(value));
  }
  void set_output(std::size_t i, const char* name, ValueHandle value) noexcept {
    output_names_[i] = name;
    release(outputs_[i]);
    outputs_[i] = keep(std::move(value));
  }
  [[nodiscard]] ValueHandle take_output(std::size_t i) noexcept {
    return {std::exchange(outputs_[i], nullptr), {api_}};
  }
  void forget_outputs() noexcept {
    for (OrtValue*& value : outputs_.span()) release(std::exchange(value, nullptr));
  }
  [[nodiscard]] const OrtValue* output(std::size_t i) noexcept { return outputs_[i]; }

  /// Null slots of outputs are filled. The status is the caller's. Throws resource_exhausted where ONNX
  /// Runtime had no memory even for a status: its call is then left by the exception itself (seen
  /// with 1.29.0).
  [[nodiscard]] OrtStatus* run(const OrtApi& api, OrtSession& session, const OrtRunOptions* options) {
    api_ = &api;
    try {
      return api.Run(&session, options, input_names_.data(), inputs_.data(), inputs_.size(),
                     output_names_.data(), outputs_.size(), outputs_.data());
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::resource_exhausted, "the run was ended: the system has no more memory to give");
    }
  }

 private:
  OrtValue* keep(ValueHandle value) noexcept {
    if (value) api_ = value.get_deleter().api;
    return value.release();
  }
  void release(OrtValue* value) const noexcept {
    if (value != nullptr) api_->ReleaseValue(value);
  }

  const OrtApi* api_ = nullptr;
  Scratch<const char*> input_names_;
  Scratch<OrtValue*> inputs_;
  Scratch<const char*> output_names_;
  Scratch<OrtValue*> outputs_;
};

/// ONNX Runtime says INVALID_ARGUMENT for a lent buffer of another shape and for much else. Running once more
/// without lent buffers tells which it was; a failure is worth the time.
void throw_if_shapes_differ(const Invoked& invoked, const OrtRunOptions* options, Arguments& arguments,
                            std::span<const NamedMutableView> lent) {
  const OrtApi& api = invoked.environment.api();
  arguments.forget_outputs();
  if (OrtStatus* status = arguments.run(api, invoked.session, options)) {
    discard(api, status);
    return;
  }
  for (std::size_t i = 0; i < lent.size(); ++i) {
    const Shape computed = shape_of(invoked.environment, *arguments.output(i));
    if (computed != lent[i].tensor.shape()) {
      throw Error(ErrorCode::shape_mismatch,
                  "output \"" + std::string(lent[i].name) + "\": the lent buffer has shape " +
                      to_string(lent[i].tensor.shape()) + ", the model computed " + to_string(computed));
    }
  }
}

/// Stands for all that decides which blocks a run takes: which inputs it has, their shapes, and which outputs
/// are lent. Two that differ may have one key: a plan that does not fit is only of no use.
class RunKey {
 public:
  void add(std::uint64_t value) noexcept {
    // The finaliser of MurmurHash3 (public domain), over what there is so far.
    key_ ^= value + 0x9e3779b97f4a7c15ULL;
    key_ = (key_ ^ (key_ >> 33)) * 0xff51afd7ed558ccdULL;
    key_ = (key_ ^ (key_ >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    key_ ^= key_ >> 33;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return key_; }

 private:
  std::uint64_t key_ = 0;
};

/// The call itself: what it takes from the registered allocator on this thread, from here to its end, is that
/// of one run.
OrtStatus* run_counted(const Invoked& invoked, const RunKey& key, Arguments& arguments,
                       const OrtRunOptions* options) {
  const RunMemory counted(invoked.account);
  const ErrorsAreReturned quiet;
  std::optional<memory::AllocationRound> round;
  if (invoked.plans != nullptr)
    round.emplace(*invoked.environment.allocator_adapter()->recycling(), *invoked.plans, key.value());
  OrtStatus* status = arguments.run(invoked.environment.api(), invoked.session, options);
  if (round && status == nullptr) round->complete();
  return status;
}

/// Whether ONNX Runtime's own allocations were refused by the C library, in a run that failed with this code:
/// the arena and plain allocation answer with a text alone. On the calling thread: under parallel execution
/// it stays an internal error.
bool is_short_of_memory(OrtErrorCode code, int system_error) noexcept {
  return system_error == ENOMEM && (code == ORT_FAIL || code == ORT_RUNTIME_EXCEPTION);
}

}  // namespace

std::vector<NamedTensor> invoke(const Invoked& invoked, std::span<const NamedView> inputs,
                                std::span<const NamedMutableView> lent, const RunOptions& options) {
  Environment& environment = invoked.environment;
  const Signature& signature = invoked.signature;
  const OrtApi& api = environment.api();
  const auto declared = signature.outputs();
  signature.require_tensor_outputs();
  Scratch<std::size_t> which_input(inputs.size());
  signature.check_inputs(inputs, which_input.span());
  Scratch<std::size_t> which_output(lent.size());
  signature.check_outputs(lent, which_output.span());
  Scratch<bool> is_lent(declared.size());
  for (const std::size_t index : which_output.span()) is_lent[index] = true;

  // The lent outputs first, then the others in the model's order.
  Arguments arguments(inputs.size(), declared.size());
  RunKey key;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    key.add(which_input[i]);
    for (const std::int64_t size : inputs[i].tensor.shape().dims()) key.add(static_cast<std::uint64_t>(size));
    arguments.set_input(i, signature.inputs()[which_input[i]].name.c_str(),
                        make_input_value(environment, inputs[i].tensor));
  }
  for (std::size_t i = 0; i < lent.size(); ++i) {
    arguments.set_output(i, declared[which_output[i]].name.c_str(),
                         make_output_value(environment, lent[i].tensor));
  }
  std::size_t next = lent.size();
  for (std::size_t i = 0; i < declared.size(); ++i) {
    key.add(is_lent[i] ? 1 : 0);
    if (!is_lent[i]) arguments.set_output(next++, declared[i].name.c_str(), nullptr);
  }

  const Interruption interruption(environment, options);
  const RefusalWatch watch(invoked.refusals);
  errno = 0;
  if (OrtStatus* status = run_counted(invoked, key, arguments, interruption.run_options())) {
    const int system_error = errno;
    const Failure failure = take(api, status);
    interruption.rethrow();
    if (const auto refusal = watch.seen()) {
      throw Error(ErrorCode::resource_exhausted, "the run was ended: " + refusal->text());
    }
    if (is_short_of_memory(failure.code, system_error)) {
      throw Error(ErrorCode::resource_exhausted,
                  "the run was ended: it asked for more memory than the system gives; " + failure.text);
    }
    if (!lent.empty()) {
      throw_if_shapes_differ(invoked, interruption.run_options(), arguments, lent);
      interruption.rethrow();
    }
    throw Error(to_error_code(failure.code), "the run failed: " + failure.text);
  }

  std::vector<NamedTensor> rest;
  rest.reserve(declared.size() - lent.size());
  next = lent.size();
  for (std::size_t i = 0; i < declared.size(); ++i) {
    if (is_lent[i]) continue;
    try {
      rest.push_back({declared[i].name, to_tensor(environment, arguments.take_output(next++))});
    } catch (const Error& error) {
      throw error.with_context("output \"" + declared[i].name + "\"");
    }
  }
  return rest;
}

}  // namespace onda::runtime
