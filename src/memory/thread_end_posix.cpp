#include <pthread.h>

#include "memory/thread_end.h"

namespace onda::memory {
namespace {

// A key of the threads library and no thread_local object: registering the destructor of one allocates, and
// ends the process where that fails. On the main thread keys are left alone at exit, so that static
// destructors still have a cache. The key is never given back, as threads may end at any time.
struct Key {
  pthread_key_t key{};
  bool made = false;
};

void (*at_end)() noexcept = nullptr;

extern "C" void end_thread(void* /*unused*/) { at_end(); }

const Key& key_that_calls(void (*function)() noexcept) noexcept {
  static const Key made = [function]() noexcept {
    at_end = function;
    Key result;
    result.made = pthread_key_create(&result.key, &end_thread) == 0;
    return result;
  }();
  return made;
}

}  // namespace

bool call_at_thread_end(void (*function)() noexcept) noexcept {
  const Key& key = key_that_calls(function);
  // Any value that is not null has the function called.
  return key.made && pthread_setspecific(key.key, &at_end) == 0;
}

}  // namespace onda::memory
