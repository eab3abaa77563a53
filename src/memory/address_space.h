#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

/// The process's address space and the memory behind it. Addresses and sizes are multiples of the page.
namespace onda::memory::address_space {

/// Addresses that nobody else gets, not to be touched yet; they cost no memory. Null where the system has
/// none. `alignment` is a power of two.
[[nodiscard]] std::byte* reserve(std::size_t bytes, std::size_t alignment) noexcept;

/// Memory that reads as zeros and costs something only where it is written. Null where the system has none.
[[nodiscard]] std::byte* map_zeros(std::size_t bytes) noexcept;

/// Makes a part of what was reserved usable. False where the system refuses.
[[nodiscard]] bool make_usable(std::byte* begin, std::size_t bytes) noexcept;

/// Gives the memory back and keeps the addresses, which read as zeros from then on. False where the system
/// refuses (locked pages): a part of it may be gone then.
[[nodiscard]] bool give_back(std::byte* begin, std::size_t bytes) noexcept;

/// Whether faults in the range may take huge pages; a hint.
void advise_huge_pages(std::byte* begin, std::size_t bytes, bool wanted) noexcept;

/// Unmaps what `reserve` or `map_zeros` gave.
void release(std::byte* begin, std::size_t bytes) noexcept;

/// How many bytes the process may map, where that is bounded: by RLIMIT_AS or RLIMIT_DATA, or by the
/// machine's memory where the system promises no more than it has (vm.overcommit_memory = 2).
[[nodiscard]] std::optional<std::uint64_t> bound() noexcept;

}  // namespace onda::memory::address_space
