#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "memory/address_space.h"

namespace onda::memory::address_space {
namespace {

// Not MAP_NORESERVE: unusable pages are not accounted anyway, and with accounting the system refuses a block
// that is larger than the machine when it is made usable, not when it is written.
constexpr int kReserved = MAP_PRIVATE | MAP_ANONYMOUS;

std::byte* map_unusable(std::byte* at, std::size_t bytes, int flags) noexcept {
  void* address = mmap(at, bytes, PROT_NONE, kReserved | flags, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<std::byte*>(address);
}

bool is_aligned(const std::byte* address, std::size_t alignment) noexcept {
  return reinterpret_cast<std::uintptr_t>(address) % alignment == 0;
}

// Where there is no room to map more and cut it: tries aligned addresses below one that the system chose.
std::byte* reserve_by_probing(std::size_t bytes, std::size_t alignment) noexcept {
  std::byte* chosen = map_unusable(nullptr, bytes, 0);
  if (chosen == nullptr || is_aligned(chosen, alignment)) return chosen;
  release(chosen, bytes);
  constexpr int kAttempts = 64;
  auto address = reinterpret_cast<std::uintptr_t>(chosen) & ~(alignment - 1);
  for (int attempt = 0; attempt < kAttempts && address > alignment; ++attempt, address -= alignment) {
    // Systems before Linux 4.17 take the address for a hint.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that we choose
    std::byte* given = map_unusable(reinterpret_cast<std::byte*>(address), bytes, MAP_FIXED_NOREPLACE);
    if (given == nullptr) continue;
    if (is_aligned(given, alignment)) return given;
    release(given, bytes);
  }
  return nullptr;
}

bool overcommit_is_off() noexcept {
  const int file = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char mode = '0';
  const bool known = read(file, &mode, 1) == 1;
  close(file);
  return known && mode == '2';
}

}  // namespace

std::byte* reserve(std::size_t bytes, std::size_t alignment) noexcept {
  if (bytes > std::numeric_limits<std::size_t>::max() - alignment) return nullptr;
  const std::size_t mapped = bytes + alignment;
  std::byte* begin = map_unusable(nullptr, mapped, 0);
  if (begin == nullptr) return reserve_by_probing(bytes, alignment);
  const std::size_t head = (alignment - reinterpret_cast<std::uintptr_t>(begin) % alignment) % alignment;
  if (head > 0) release(begin, head);
  release(begin + head + bytes, mapped - head - bytes);
  return begin + head;
}

std::byte* map_zeros(std::size_t bytes) noexcept {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kReserved | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<std::byte*>(address);
}

bool make_usable(std::byte* begin, std::size_t bytes) noexcept {
  return mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0;
}

bool give_back(std::byte* begin, std::size_t bytes) noexcept {
  return madvise(begin, bytes, MADV_DONTNEED) == 0;
}

void advise_huge_pages(std::byte* begin, std::size_t bytes, bool wanted) noexcept {
  // Fails where the system has none, which is all the same to us.
  (void)madvise(begin, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void release(std::byte* begin, std::size_t bytes) noexcept { (void)munmap(begin, bytes); }

std::optional<std::uint64_t> bound() noexcept {
  std::optional<std::uint64_t> bytes;
  if (overcommit_is_off()) {
    bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
            static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    struct rlimit limit {};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) continue;
    bytes = std::min<std::uint64_t>(bytes.value_or(limit.rlim_cur), limit.rlim_cur);
  }
  return bytes;
}

}  // namespace onda::memory::address_space
