#include "runtime/environment.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "base/process.h"
#include "base/shared_library.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

constexpr const char* kMarker = "onda.environment";

thread_local int returned_errors = 0;

LogLevel from_runtime_level(OrtLoggingLevel level) noexcept {
  switch (level) {
    case ORT_LOGGING_LEVEL_VERBOSE:
      return LogLevel::verbose;
    case ORT_LOGGING_LEVEL_INFO:
      return LogLevel::info;
    case ORT_LOGGING_LEVEL_WARNING:
      return LogLevel::warning;
    case ORT_LOGGING_LEVEL_ERROR:
    case ORT_LOGGING_LEVEL_FATAL:
      return LogLevel::error;
  }
  return LogLevel::error;
}

void ORT_API_CALL forward_log(void* environment, OrtLoggingLevel level, const char* /*category*/,
                              const char* /*log_id*/, const char* /*location*/,
                              const char* message) noexcept {
  if (level == ORT_LOGGING_LEVEL_ERROR && returned_errors > 0) return;
  try {
    static_cast<const Environment*>(environment)->log(from_runtime_level(level), without_source(message));
  } catch (...) {
    // Out of memory while logging: the line is lost, the caller is C.
    return;
  }
}

/// Different for each environment that this process makes.
std::string new_marker() {
  static std::atomic<int> count{0};
  return std::to_string(base::process_id()) + "." + std::to_string(++count);
}

/// What was registered, and with which environment. Never destroyed: outputs may outlive everything else.
struct Registrations {
  std::mutex mutex;
  std::string marker;                                       // of the last one; guarded by mutex
  std::vector<std::unique_ptr<AllocatorAdapter>> adapters;  // guarded by mutex
};

Registrations& registrations() {
  static auto* instance =
      new Registrations;  // NOLINT(cppcoreguidelines-owning-memory): on purpose, see above
  return *instance;
}

/// The C++ library that ONNX Runtime is linked with throws its own exceptions through its own frames, however
/// the program is linked.
AllocatorAdapter::ThrowBadAlloc bad_alloc_of(const std::optional<Library>& library) {
  if (!library) return nullptr;
  return reinterpret_cast<AllocatorAdapter::ThrowBadAlloc>(library->symbol("_ZSt17__throw_bad_allocv"));
}

/// Whether what we throw finds its way through ONNX Runtime's frames: where libgcc is linked into the program
/// and not exported, its unwinder and ONNX Runtime's do not know of each other, and the process ends.
bool own_exceptions_pass() noexcept { return base::global_symbol("_Unwind_RaiseException") != nullptr; }

}  // namespace

ErrorsAreReturned::ErrorsAreReturned() noexcept { ++returned_errors; }

ErrorsAreReturned::~ErrorsAreReturned() { --returned_errors; }

OrtLoggingLevel to_runtime_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::verbose:
      return ORT_LOGGING_LEVEL_VERBOSE;
    case LogLevel::info:
      return ORT_LOGGING_LEVEL_INFO;
    case LogLevel::warning:
      return ORT_LOGGING_LEVEL_WARNING;
    case LogLevel::error:
      return ORT_LOGGING_LEVEL_ERROR;
  }
  return ORT_LOGGING_LEVEL_ERROR;
}

std::shared_ptr<Environment> Environment::create(Library library, const RuntimeOptions& options,
                                                 std::uint64_t external_form_bytes) {
  const OrtApi& api = library.api();
  return std::shared_ptr<Environment>(new Environment(api, options, std::move(library), external_form_bytes));
}

std::shared_ptr<Environment> Environment::create(const OrtApi& api, const RuntimeOptions& options,
                                                 std::uint64_t external_form_bytes) {
  return std::shared_ptr<Environment>(new Environment(api, options, std::nullopt, external_form_bytes));
}

Environment::Environment(const OrtApi& api, const RuntimeOptions& options, std::optional<Library> library,
                         std::uint64_t external_form_bytes)
    : library_(std::move(library)),
      api_(&api),
      sink_(options.log),
      log_level_(options.log_level),
      wants_allocator_(options.register_allocator),
      budget_bytes_(options.memory.budget_bytes),
      external_form_bytes_(external_form_bytes) {
  // First, because it may refuse the options.
  auto recycling = wants_allocator_ ? std::make_shared<RecyclingAllocator>(options.memory) : nullptr;
  OrtMemoryInfo* memory = nullptr;
  check(api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory), "describe host memory");
  cpu_memory_ = MemoryInfoHandle(memory, {&api});
  check(api, api.GetAllocatorWithDefaultOptions(&allocator_), "get ONNX Runtime's allocator");
  {
    // Telemetry is on by default from 1.29; read by CreateEnv, so this is early enough.
    base::ScopedEnvironmentVariable no_telemetry("ORT_DISABLE_TELEMETRY", "1");
    make_environment();
    // Where the host program was first, nothing of its process is changed.
    if (info_.owns_environment) no_telemetry.keep();
  }
  try {
    if (wants_allocator_) no_allocator_ = register_allocator(std::move(recycling));
    read_info();
  } catch (...) {
    api.ReleaseEnv(env_);
    throw;
  }
}

std::string Environment::register_allocator(std::shared_ptr<RecyclingAllocator> recycling) {
  Registrations& all = registrations();
  const std::scoped_lock lock(all.mutex);
  if (!info_.owns_environment) {
    // It may be one that Onda made earlier in this process.
    if (marker_.empty() || marker_ != all.marker) {
      return "this program made ONNX Runtime's environment before Onda was initialised";
    }
    adapter_ = all.adapters.back().get();
    return "";
  }
  const auto throw_bad_alloc = bad_alloc_of(library_);
  if (throw_bad_alloc == nullptr && !own_exceptions_pass()) {
    return "this program has a C++ library of its own linked in, and ONNX Runtime's cannot be reached: a "
           "refused "
           "allocation would end the process";
  }
  all.adapters.reserve(all.adapters.size() + 1);
  auto adapter = std::make_unique<AllocatorAdapter>(*api_, std::move(recycling), throw_bad_alloc);
  if (OrtStatus* status = api_->RegisterAllocator(env_, adapter->handle())) {
    return "ONNX Runtime refused it: " + take(*api_, status).text;
  }
  // From here on ONNX Runtime may use it at any time.
  all.adapters.push_back(std::move(adapter));
  adapter_ = all.adapters.back().get();
  all.marker = marker_;
  return "";
}

MemoryStrategy Environment::settle_memory(MemoryStrategy wanted) const {
  if (wanted == MemoryStrategy::recycling && adapter_ != nullptr) return wanted;
  MemoryStrategy settled = wanted;
  if (wanted == MemoryStrategy::recycling) {
    settled = MemoryStrategy::arena;
    // Where nobody asked for the allocator, the arena is what was meant.
    if (wants_allocator_) {
      log(LogLevel::warning, "memory strategy recycling cannot be had (" + no_allocator_ +
                                 "); ONNX Runtime's arena takes its place, which gives nothing back");
    }
  }
  // Relaxed: only whether it was said.
  if (budget_bytes_ > 0 && !has_told_of_budget_.exchange(true, std::memory_order_relaxed)) {
    log(LogLevel::warning, "memory strategy " + std::string(to_string(settled)) +
                               " cannot keep to a budget: activations may take more than the " +
                               std::to_string(budget_bytes_) + " bytes that were given");
  }
  return settled;
}

void Environment::make_environment() {
  OrtKeyValuePairs* pairs = nullptr;
  api_->CreateKeyValuePairs(&pairs);
  const KeyValuePairsHandle owned_pairs(pairs, {api_});
  marker_ = new_marker();
  api_->AddKeyValuePair(pairs, kMarker, marker_.c_str());

  OrtEnvCreationOptions creation{};
  creation.version = ORT_API_VERSION;
  creation.logging_severity_level = to_runtime_level(log_level_);
  creation.log_id = "onda";
  creation.custom_logging_function = forward_log;
  creation.custom_logging_param = this;
  creation.config_entries = pairs;
  check(*api_, api_->CreateEnvWithOptions(&creation, &env_), "start ONNX Runtime");

  // A process has one environment: a second call returns the first one's and ignores its options. The marker
  // tells.
  OrtKeyValuePairs* found = nullptr;
  if (OrtStatus* status = api_->GetEpApi()->GetEnvConfigEntries(&found)) {
    api_->ReleaseEnv(env_);
    check(*api_, status, "read ONNX Runtime's environment");
  }
  const KeyValuePairsHandle owned_found(found, {api_});
  const char* value = api_->GetKeyValue(found, kMarker);
  info_.owns_environment = value != nullptr && marker_ == value;
  marker_ = value == nullptr ? "" : value;
}

void Environment::read_info() {
  if (library_) {
    info_.library = library_->file();
    info_.version = library_->version();
  }
  info_.build_info = api_->GetBuildInfoString();
  char** names = nullptr;
  int count = 0;
  check(*api_, api_->GetAvailableProviders(&names, &count), "list the execution providers");
  try {
    info_.providers.assign(names, names + count);
  } catch (...) {
    discard(*api_, api_->ReleaseAvailableProviders(names, count));
    throw;
  }
  check(*api_, api_->ReleaseAvailableProviders(names, count), "list the execution providers");
  if (!info_.owns_environment) {
    info_.caveats = {
        "this program made ONNX Runtime's environment before Onda was initialised: whether its telemetry is "
        "on was "
        "decided there",
        "ONNX Runtime's own log lines go where that environment sends them, not to Onda's log sink"};
  }
  info_.recycles_memory = adapter_ != nullptr;
  if (!no_allocator_.empty()) {
    info_.caveats.push_back(
        "Onda's allocator is not under ONNX Runtime: " + no_allocator_ +
        "; sessions use ONNX Runtime's arena, which keeps to no budget and gives nothing back");
  }
}

Environment::~Environment() { api_->ReleaseEnv(env_); }

bool Environment::has_provider(std::string_view name) const noexcept {
  return std::find(info_.providers.begin(), info_.providers.end(), name) != info_.providers.end();
}

void Environment::log(LogLevel level, const std::string& line) const noexcept {
  if (level < log_level_ || !sink_) return;
  try {
    sink_(level, line);
  } catch (...) {
    // A sink must not throw; one that does must not end a thread of ONNX Runtime.
    return;
  }
}

}  // namespace onda::runtime
