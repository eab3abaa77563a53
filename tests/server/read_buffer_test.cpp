#include "server/read_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace onda::server {
namespace {

void put(ReadBuffer& buffer, std::string_view text) {
  ASSERT_LE(text.size(), buffer.free_space().size());
  std::copy(text.begin(), text.end(), buffer.free_space().begin());
  buffer.commit(text.size());
}

std::string text_of(const ReadBuffer& buffer) { return {buffer.data(), buffer.size()}; }

TEST(ReadBuffer, HoldsNoMemoryUntilItIsNeeded) {
  ReadBuffer buffer;
  EXPECT_TRUE(buffer.is_empty());
  EXPECT_TRUE(buffer.free_space().empty());
  buffer.reserve(1);
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kBaseCapacity);
}

TEST(ReadBuffer, WhatIsConsumedMakesRoom) {
  ReadBuffer buffer;
  buffer.reserve(1);
  put(buffer, std::string(ReadBuffer::kBaseCapacity, 'x'));
  buffer.consume(ReadBuffer::kBaseCapacity - 3);
  EXPECT_TRUE(buffer.free_space().empty());
  buffer.reserve(1000);
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kBaseCapacity);
  put(buffer, "abc");
  EXPECT_EQ(text_of(buffer), "xxxabc");
  buffer.truncate(4);
  EXPECT_EQ(text_of(buffer), "xxxa");
}

TEST(ReadBuffer, GrowsToWhatIsAskedForAndKeepsItsBytes) {
  ReadBuffer buffer;
  buffer.reserve(1);
  put(buffer, "?abc");
  buffer.consume(1);
  buffer.reserve(100000);
  EXPECT_EQ(buffer.capacity(), 100000U);
  EXPECT_EQ(text_of(buffer), "abc");
  // Readable, and within the block: the address sanitizer would tell.
  const char* behind = buffer.data() + buffer.capacity();
  EXPECT_EQ(std::string_view(behind, ReadBuffer::kPadding), std::string(ReadBuffer::kPadding, '\0'));
}

TEST(ReadBuffer, GivesBackMemoryThatItDoesNotNeed) {
  ReadBuffer buffer;
  buffer.reserve(100000);
  put(buffer, "abc");
  buffer.shrink(true);
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kBaseCapacity);
  EXPECT_EQ(text_of(buffer), "abc");
  buffer.consume(3);
  buffer.shrink(false);
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kBaseCapacity);
  buffer.shrink(true);
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.reserve(100000);
  put(buffer, std::string(50000, 'x'));
  buffer.shrink(false);
  EXPECT_EQ(buffer.size(), 50000U);
}

}  // namespace
}  // namespace onda::server
