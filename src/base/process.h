#pragma once

#include <optional>
#include <string>

namespace onda::base {

[[nodiscard]] int process_id() noexcept;

/// Ends the process at once with this exit status: no destructor runs, nothing is flushed.
[[noreturn]] void end_process(int status) noexcept;

/// Sets a variable of this process's environment, and puts back what was there unless `keep` is called.
/// Not safe beside threads that read the environment. Throws resource_exhausted.
class ScopedEnvironmentVariable {
 public:
  ScopedEnvironmentVariable(const char* name, const char* value);
  ScopedEnvironmentVariable(const ScopedEnvironmentVariable&) = delete;
  ScopedEnvironmentVariable& operator=(const ScopedEnvironmentVariable&) = delete;
  ~ScopedEnvironmentVariable();

  void keep() noexcept { keep_ = true; }

 private:
  std::string name_;
  std::optional<std::string> before_;
  bool keep_ = false;
};

/// Gives memory that the C library's heap keeps free back to the system. For after a load, not for a
/// request's path: it takes milliseconds.
void release_free_heap() noexcept;

}  // namespace onda::base
