#include "base/process.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

#include "onda/error.h"

namespace onda::base {

int process_id() noexcept { return getpid(); }

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

void release_free_heap() noexcept { malloc_trim(0); }

}  // namespace onda::base
