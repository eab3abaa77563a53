#include "base/process.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

#include "onda/error.h"

namespace onda::base {

int process_id() noexcept { return getpid(); }

void end_process(int status) noexcept { _exit(status); }

ScopedEnvironmentVariable::ScopedEnvironmentVariable(const char* name, const char* value) : name_(name) {
  if (const char* before = std::getenv(name)) before_ = before;
  if (setenv(name, value, 1) != 0)
    throw Error(ErrorCode::resource_exhausted, "no memory for the environment");
}

ScopedEnvironmentVariable::~ScopedEnvironmentVariable() {
  if (keep_) return;
  if (before_) {
    setenv(name_.c_str(), before_->c_str(), 1);
  } else {
    unsetenv(name_.c_str());
  }
}

void release_free_heap() noexcept {
  // Where another malloc has taken the place of the C library's (a sanitizer's, one that was preloaded), the
  // first trim sets up that heap, and glibc 2.36 does so without a lock: a second one meanwhile reads lists
  // that are not there yet.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  malloc_trim(0);
}

}  // namespace onda::base
