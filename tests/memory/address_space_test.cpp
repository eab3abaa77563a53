#include "memory/address_space.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "support/in_child.h"

namespace onda::memory {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

bool is_aligned(const void* address, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(address) % alignment == 0;
}

std::uint64_t mapped_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages;
  return pages * 4096;
}

TEST(AddressSpace, WhatIsReservedIsAlignedAndUsableWhereMadeSo) {
  for (const std::size_t alignment : {std::size_t{4096}, 2 * kMegabyte, 64 * kMegabyte}) {
    std::byte* begin = address_space::reserve(3 * kMegabyte, alignment);
    ASSERT_NE(begin, nullptr);
    EXPECT_TRUE(is_aligned(begin, alignment));
    ASSERT_TRUE(address_space::make_usable(begin + kMegabyte, kMegabyte));
    std::memset(begin + kMegabyte, 1, kMegabyte);
    EXPECT_TRUE(address_space::give_back(begin + kMegabyte, kMegabyte));
    EXPECT_EQ(begin[kMegabyte], std::byte{0});
    address_space::release(begin, 3 * kMegabyte);
  }
}

TEST(AddressSpace, RefusesWhatDoesNotExist) {
  constexpr auto kMax = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(address_space::reserve(kMax - 4095, 64 * kMegabyte), nullptr);
  EXPECT_EQ(address_space::reserve(std::size_t{1} << 50, 4096), nullptr);
}

TEST(AddressSpace, ReservesAlignedWhereThereIsNoRoomToCut) {
  EXPECT_EQ(test::in_child([] {
              const std::uint64_t limit = mapped_bytes() + 16 * kMegabyte;
              const struct rlimit bound {
                .rlim_cur = limit, .rlim_max = limit
              };
              if (setrlimit(RLIMIT_AS, &bound) != 0) return 1;
              if (address_space::bound() != limit) return 2;
              std::byte* begin = address_space::reserve(8 * kMegabyte, 64 * kMegabyte);
              if (begin == nullptr) return 3;
              if (!is_aligned(begin, 64 * kMegabyte)) return 4;
              if (mapped_bytes() > limit) return 5;
              return address_space::reserve(16 * kMegabyte, 64 * kMegabyte) == nullptr ? 0 : 6;
            }),
            0);
}

}  // namespace
}  // namespace onda::memory
