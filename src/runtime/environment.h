#pragma once

#include <onnxruntime_c_api.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "onda/memory_strategy.h"
#include "onda/runtime.h"
#include "runtime/deadline_timer.h"
#include "runtime/handles.h"
#include "runtime/library.h"
#include "runtime/ort_allocator.h"
#include "runtime/prepared_form.h"

namespace onda::runtime {

/// ONNX Runtime's function table, its environment, and what all sessions share. Lives as long as the process
/// once `Runtime::initialize` has made it; tests make their own on a function table that they hand in. Safe
/// from any thread once it is made.
class Environment {
 public:
  /// Sets ORT_DISABLE_TELEMETRY, then makes (or joins) ONNX Runtime's environment. Throws what the calls fail
  /// with. Tests move the size from which prepared models take the external form.
  static std::shared_ptr<Environment> create(Library library, const RuntimeOptions& options,
                                             std::uint64_t external_form_bytes = kExternalFormBytes);
  /// On a table that outlives it, for tests.
  static std::shared_ptr<Environment> create(const OrtApi& api, const RuntimeOptions& options,
                                             std::uint64_t external_form_bytes = kExternalFormBytes);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  [[nodiscard]] const OrtApi& api() const noexcept { return *api_; }
  [[nodiscard]] const OrtEnv* env() const noexcept { return env_; }
  /// Ordinary host memory.
  [[nodiscard]] const OrtMemoryInfo* cpu_memory() const noexcept { return cpu_memory_.get(); }
  /// ONNX Runtime's default allocator; never released.
  [[nodiscard]] OrtAllocator* allocator() const noexcept { return allocator_; }
  /// What is registered with ONNX Runtime; null where nothing of Onda's is. Lives as long as the process.
  [[nodiscard]] AllocatorAdapter* allocator_adapter() const noexcept { return adapter_; }
  /// `wanted`, or what takes its place here. What that means for the user is logged: where it does, and,
  /// once, where a budget was given that the strategy cannot keep to.
  [[nodiscard]] MemoryStrategy settle_memory(MemoryStrategy wanted) const;
  [[nodiscard]] const RuntimeInfo& info() const noexcept { return info_; }
  [[nodiscard]] bool has_provider(std::string_view name) const noexcept;
  [[nodiscard]] DeadlineTimer& timer() noexcept { return timer_; }
  /// See `PreparedLimits`.
  [[nodiscard]] std::uint64_t external_form_bytes() const noexcept { return external_form_bytes_; }

  /// To the sink, where the level is wanted. Never throws.
  void log(LogLevel level, const std::string& line) const noexcept;

 private:
  Environment(const OrtApi& api, const RuntimeOptions& options, std::optional<Library> library,
              std::uint64_t external_form_bytes);
  void make_environment();
  /// Returns why nothing could be registered; empty where it was.
  [[nodiscard]] std::string register_allocator(std::shared_ptr<RecyclingAllocator> recycling);
  void read_info();

  std::optional<Library> library_;
  const OrtApi* api_;
  LogSink sink_;
  LogLevel log_level_;
  OrtEnv* env_ = nullptr;
  MemoryInfoHandle cpu_memory_;
  OrtAllocator* allocator_ = nullptr;
  std::string marker_;  // tells ONNX Runtime's environment from others that this process has had
  AllocatorAdapter* adapter_ = nullptr;
  bool wants_allocator_;
  std::string no_allocator_;  // why there is none
  std::uint64_t budget_bytes_;
  mutable std::atomic<bool> has_told_of_budget_{false};
  RuntimeInfo info_;
  DeadlineTimer timer_;
  std::uint64_t external_form_bytes_;
};

/// While one lives, what ONNX Runtime logs as an error on this thread is dropped: for calls whose status
/// tells the same.
class ErrorsAreReturned {
 public:
  ErrorsAreReturned() noexcept;
  ErrorsAreReturned(const ErrorsAreReturned&) = delete;
  ErrorsAreReturned& operator=(const ErrorsAreReturned&) = delete;
  ~ErrorsAreReturned();
};

/// The names differ, the meaning is the same.
[[nodiscard]] OrtLoggingLevel to_runtime_level(LogLevel level) noexcept;

}  // namespace onda::runtime
