#include "onda/session.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "onda/error.h"
#include "runtime/environment.h"
#include "runtime/invocation.h"
#include "runtime/model_io.h"
#include "runtime/model_loader.h"
#include "runtime/refusal.h"
#include "runtime/run_memory.h"
#include "runtime/signature.h"

namespace onda {
namespace {

runtime::Signature signature_of(const runtime::Environment& environment, const OrtSession& session) {
  auto io = runtime::read_model_io(environment, session);
  return {std::move(io.inputs), std::move(io.outputs)};
}

ModelMetadata metadata_of(const runtime::Environment& environment, const OrtSession& session,
                          const runtime::ModelFile& file) {
  auto metadata = runtime::read_model_metadata(environment, session);
  metadata.producer_version = file.metadata.producer_version;
  metadata.ir_version = file.metadata.ir_version;
  metadata.opsets = file.metadata.opsets;
  return metadata;
}

/// Whether all that a run allocates is allocated on the thread that called it.
bool runs_on_one_thread(const SessionOptions& options) noexcept {
  return options.execution_mode == ExecutionMode::sequential && options.inter_op_threads <= 1;
}

/// Why nobody can tell what a run takes; empty where it is counted.
std::string_view why_uncounted(const SessionOptions& options) noexcept {
  if (options.memory != MemoryStrategy::recycling) {
    return "only the strategy recycling counts what a run takes";
  }
  if (!runs_on_one_thread(options)) {
    return "runs allocate on threads that they share (parallel execution or inter-op threads)";
  }
  return "";
}

}  // namespace

/// The open model. A run reads one pointer, `active_`, without a lock; it changes once at most, when the
/// background check finds the prepared weights damaged. The session that it pointed to stays until the end,
/// so a run that began on it ends on it.
class Session::Impl {
 public:
  template <class Source>
  Impl(const Runtime& runtime, const Source& model, const SessionOptions& options)
      : environment_(runtime.environment()),
        loader_(*environment_, model, options),
        first_(loader_.load()),
        signature_(signature_of(*environment_, *first_.session)),
        metadata_(metadata_of(*environment_, *first_.session, loader_.file())),
        why_no_memory_(why_uncounted(loader_.options())),
        active_(first_.session.get()) {
    if (first_.entry) {
      state_ = PreparedState::used;
      verification_due_ = loader_.options().verification == Verification::background;
    } else {
      state_ =
          loader_.options().preparation == Preparation::off ? PreparedState::off : PreparedState::missing;
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  [[nodiscard]] const runtime::Signature& signature() const noexcept { return signature_; }
  [[nodiscard]] const ModelMetadata& metadata() const noexcept { return metadata_; }
  [[nodiscard]] const SessionOptions& options() const noexcept { return loader_.options(); }
  [[nodiscard]] PreparedState state() const noexcept { return state_.load(); }

  [[nodiscard]] std::string_view why_no_memory() const noexcept { return why_no_memory_; }
  [[nodiscard]] SessionMemory memory() const noexcept { return account_.total(); }
  [[nodiscard]] Runtime runtime() const { return Runtime(environment_); }

  std::vector<NamedTensor> run(std::span<const NamedView> inputs, std::span<const NamedMutableView> lent,
                               const RunOptions& options) {
    // Acquire: what the checking thread wrote of the second session is seen by whoever sees its pointer.
    OrtSession* session = active_.load(std::memory_order_acquire);
    if (session == nullptr) session = reopened();
    const runtime::Invoked invoked{*environment_,
                                   *session,
                                   signature_,
                                   why_no_memory().empty() ? &account_ : nullptr,
                                   why_no_memory().empty() ? &plans_ : nullptr,
                                   refusals()};
    auto rest = runtime::invoke(invoked, inputs, lent, options);
    // Relaxed: only whether it is due; the exchange within decides who starts it.
    if (verification_due_.load(std::memory_order_relaxed)) start_verification();
    return rest;
  }

 private:
  [[nodiscard]] runtime::RefusalWatch::Scope refusals() const noexcept {
    return runs_on_one_thread(loader_.options()) ? runtime::RefusalWatch::Scope::thread
                                                 : runtime::RefusalWatch::Scope::process;
  }

  void start_verification() {
    if (!verification_due_.exchange(false)) return;
    try {
      verifier_ = std::jthread([this] { verify(); });
    } catch (const std::system_error&) {
      environment_->log(LogLevel::warning, "no thread for checking a prepared model; it stays unchecked");
    }
  }

  /// Waits for the plain model: the damaged one would answer wrongly, and a failed answer is nobody's fault.
  OrtSession* reopened() const {
    is_reopening_.wait(true, std::memory_order_acquire);
    OrtSession* session = active_.load(std::memory_order_acquire);
    if (session == nullptr) {
      throw Error(ErrorCode::data_loss,
                  "the prepared weights were damaged and the model could not be reopened");
    }
    return session;
  }

  void verify() noexcept {
    try {
      if (first_.entry->verify_weights()) return;
      is_reopening_ = true;
      environment_->log(LogLevel::warning,
                        "a prepared model's weights were damaged; the model is opened anew");
      active_.store(nullptr, std::memory_order_release);
      second_ = loader_.replace(*first_.entry);
      active_.store(second_.session.get(), std::memory_order_release);
      state_ = PreparedState::replaced;
    } catch (const std::exception& error) {
      environment_->log(LogLevel::error, error.what());
    }
    is_reopening_.store(false, std::memory_order_release);
    is_reopening_.notify_all();
  }

  std::shared_ptr<runtime::Environment> environment_;
  runtime::ModelLoader loader_;
  runtime::LoadedModel first_;
  runtime::LoadedModel second_;  // written by the verifier before `active_` points to it
  runtime::Signature signature_;
  ModelMetadata metadata_;
  std::string_view why_no_memory_;
  runtime::MemoryAccount account_;
  memory::RoundPlans plans_;
  std::atomic<OrtSession*> active_;
  std::atomic<PreparedState> state_{PreparedState::off};
  std::atomic<bool> verification_due_{false};
  std::atomic<bool> is_reopening_{false};  // true before `active_` is null
  std::jthread verifier_;                  // last: joined before anything that it uses goes
};

Session Session::open(const Runtime& runtime, const std::filesystem::path& model,
                      const SessionOptions& options) {
  return Session(std::make_shared<Impl>(runtime, model, options));
}

Session Session::open(const Runtime& runtime, std::span<const std::byte> model,
                      const SessionOptions& options) {
  return Session(std::make_shared<Impl>(runtime, model, options));
}

std::span<const ValueInfo> Session::inputs() const noexcept { return impl_->signature().inputs(); }
std::span<const ValueInfo> Session::outputs() const noexcept { return impl_->signature().outputs(); }
const ModelMetadata& Session::metadata() const noexcept { return impl_->metadata(); }
const Device& Session::device() const noexcept { return impl_->options().device; }
int Session::intra_op_threads() const noexcept { return impl_->options().intra_op_threads; }
PreparedState Session::prepared() const noexcept { return impl_->state(); }
MemoryStrategy Session::memory_strategy() const noexcept { return impl_->options().memory; }
std::string_view Session::why_no_memory() const noexcept { return impl_->why_no_memory(); }
std::optional<SessionMemory> Session::memory() const noexcept {
  if (!why_no_memory().empty()) return std::nullopt;
  return impl_->memory();
}
Runtime Session::runtime() const { return impl_->runtime(); }

std::vector<NamedTensor> Session::run(std::span<const NamedView> inputs, const RunOptions& options) const {
  return impl_->run(inputs, {}, options);
}

std::vector<NamedTensor> Session::run(const TensorView& input, const RunOptions& options) const {
  const auto declared = inputs();
  const auto required =
      std::count_if(declared.begin(), declared.end(), [](const auto& i) { return !i.optional; });
  if (declared.empty() || required > 1) {
    throw Error(ErrorCode::invalid_argument,
                "the model has " + std::to_string(declared.size()) + " inputs; name the one that is given");
  }
  const NamedView named{declared.front().name, input};
  return impl_->run({&named, 1}, {}, options);
}

std::vector<NamedTensor> Session::run(std::span<const NamedView> inputs,
                                      std::span<const NamedMutableView> outputs,
                                      const RunOptions& options) const {
  return impl_->run(inputs, outputs, options);
}

}  // namespace onda
