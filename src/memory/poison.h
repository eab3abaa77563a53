#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define ONDA_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONDA_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(ONDA_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

/// Tells the address sanitizer, where there is one, which memory nobody may touch at the moment: it reports
/// who does. What is unmapped has to be unpoisoned: the sanitizer does not see that others are mapped there
/// later.
namespace onda::memory {

#if defined(ONDA_ADDRESS_SANITIZER)
inline constexpr bool kPoisons = true;
inline void poison(const void* begin, std::size_t bytes) noexcept {
  __asan_poison_memory_region(begin, bytes);
}
inline void unpoison(const void* begin, std::size_t bytes) noexcept {
  __asan_unpoison_memory_region(begin, bytes);
}
#else
inline constexpr bool kPoisons = false;
inline void poison(const void* /*begin*/, std::size_t /*bytes*/) noexcept {}
inline void unpoison(const void* /*begin*/, std::size_t /*bytes*/) noexcept {}
#endif

}  // namespace onda::memory
