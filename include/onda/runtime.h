#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "onda/log.h"
#include "onda/recycling_allocator.h"

namespace onda {

namespace runtime {
class Environment;
}

struct RuntimeOptions {
  /// ONNX Runtime's library. Empty: the search order of `Runtime::initialize`.
  std::filesystem::path library = {};
  /// Lines of ONNX Runtime and of Onda at `log_level` and above.
  LogSink log = {};
  LogLevel log_level = LogLevel::warning;
  /// Of the allocator that serves activations, outputs and tensors. Its budget does not bound weights, which
  /// live as long as their session.
  RecyclingOptions memory = {};
  /// Put that allocator under ONNX Runtime. Off: nothing is registered, sessions that ask for `recycling` use
  /// `arena`.
  bool register_allocator = true;
};

/// What was found when the runtime was initialised.
struct RuntimeInfo {
  std::filesystem::path library;       ///< the file that was opened
  std::string version;                 ///< ONNX Runtime's, "1.29.0"
  std::string build_info;              ///< ONNX Runtime's own description of its build
  std::vector<std::string> providers;  ///< execution providers that this library has
  /// False where the host program had made ONNX Runtime's environment before: then its settings stand.
  bool owns_environment = true;
  /// Whether Onda's allocator is under ONNX Runtime (see Runtime::allocator).
  bool recycles_memory = false;
  /// What cannot be guaranteed, one sentence each (telemetry, log sink, memory). Empty where Onda made the
  /// environment and all went well.
  std::vector<std::string> caveats;
};

/// ONNX Runtime, opened at run time, and its process-wide environment. A cheap handle; copies share it.
///
/// This is the one place where the library touches process-wide state: it sets ORT_DISABLE_TELEMETRY=1 in the
/// process's environment, creates ONNX Runtime's environment, of which a process has one, and registers an
/// allocator with it, of which it has one too. Where the host program made that environment, nothing of it is
/// changed. Call it before
/// other threads start (setenv is not safe beside getenv). Everything else is safe from any thread.
class Runtime {
 public:
  /// Opens the library: `options.library`, else $ONDA_ONNXRUNTIME, else beside the running program (its
  /// directory, then ../lib/onda), else the system's. A second call returns the runtime of the first and
  /// ignores `options`, except that another `library` than the one in use is failed_precondition.
  /// Throws not_found with the places that were searched and what to do; failed_precondition for a library
  /// older than Onda was built for, by name and version; data_loss for a file that is no such library.
  static Runtime initialize(const RuntimeOptions& options = {});

  /// The places that `initialize` would look at, in order, as paths or library names.
  static std::vector<std::filesystem::path> search_path(const RuntimeOptions& options = {});

  [[nodiscard]] const RuntimeInfo& info() const noexcept;

  /// The allocator that is registered with ONNX Runtime; null where none is. It lives as long as the process.
  [[nodiscard]] std::shared_ptr<RecyclingAllocator> allocator() const noexcept;

  /// Internal: what sessions are made on.
  explicit Runtime(std::shared_ptr<runtime::Environment> environment);
  [[nodiscard]] const std::shared_ptr<runtime::Environment>& environment() const noexcept {
    return environment_;
  }

 private:
  std::shared_ptr<runtime::Environment> environment_;
};

}  // namespace onda
