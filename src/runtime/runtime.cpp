#include "onda/runtime.h"

#include <mutex>

#include "onda/error.h"
#include "runtime/environment.h"
#include "runtime/ort_allocator.h"

namespace onda {
namespace {

/// The process's environment, which exists once by ONNX Runtime's own rule; never released, because outputs
/// and sessions of static storage may outlive everything else.
struct ProcessWide {
  std::mutex mutex;
  std::shared_ptr<runtime::Environment> environment;
};

ProcessWide& process_wide() {
  static auto* instance = new ProcessWide;  // NOLINT(cppcoreguidelines-owning-memory): on purpose, see above
  return *instance;
}

}  // namespace

Runtime::Runtime(std::shared_ptr<runtime::Environment> environment) : environment_(std::move(environment)) {}

Runtime Runtime::initialize(const RuntimeOptions& options) {
  ProcessWide& process = process_wide();
  const std::scoped_lock lock(process.mutex);
  if (!process.environment) {
    process.environment = runtime::Environment::create(runtime::Library::open(options.library), options);
  } else if (!options.library.empty()) {
    const auto& used = process.environment->info().library;
    std::error_code error;
    if (!std::filesystem::equivalent(used, options.library, error)) {
      throw Error(ErrorCode::failed_precondition, "ONNX Runtime is in use from " + used.string() +
                                                      " already, not from " + options.library.string() +
                                                      "; a process can have one");
    }
  }
  return Runtime(process.environment);
}

std::vector<std::filesystem::path> Runtime::search_path(const RuntimeOptions& options) {
  return runtime::Library::search_path(options.library);
}

std::shared_ptr<RecyclingAllocator> Runtime::allocator() const noexcept {
  const runtime::AllocatorAdapter* adapter = environment_->allocator_adapter();
  return adapter == nullptr ? nullptr : adapter->recycling();
}

const RuntimeInfo& Runtime::info() const noexcept { return environment_->info(); }

}  // namespace onda
