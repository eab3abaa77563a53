#pragma once

#include <cstdio>
#include <cstdlib>

namespace onda::memory {

/// Whether misuse (a block given back twice, a pointer of somebody else) ends the process with a message: in
/// debug and sanitizer builds. In others it is ignored where it is noticed.
#ifdef NDEBUG
inline constexpr bool kChecked = false;
#else
inline constexpr bool kChecked = true;
#endif

/// Reports misuse of `block`: "memory: 0x7f…: given back twice".
inline void misuse(const void* block, const char* what) noexcept {
  if constexpr (kChecked) {
    std::fprintf(stderr, "memory: %p: %s\n", block, what);
    std::abort();
  }
}

}  // namespace onda::memory
