#pragma once

namespace onda::memory {

/// Has `function` called when the calling thread ends, after the destructors of its C++ thread-local objects;
/// not when the process ends. It is the same function at every call; once a thread is enough. False where the
/// system has no room for it. Allocates no memory that C++ would have to give.
bool call_at_thread_end(void (*function)() noexcept) noexcept;

}  // namespace onda::memory
