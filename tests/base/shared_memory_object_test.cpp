#include "base/shared_memory_object.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "support/error_matchers.h"
#include "support/shared_memory.h"

namespace onda::base {
namespace {

using test::SharedMemory;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string read(const SharedMemoryObject& object, std::uint64_t offset, std::size_t size) {
  std::string text(size, '?');
  object.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(SharedMemoryObject, ReadsAndWritesWhereItIsTold) {
  const SharedMemory memory("0123456789");
  const SharedMemoryObject object(memory.key());
  EXPECT_EQ(object.size(), 10U);
  EXPECT_EQ(read(object, 3, 4), "3456");
  EXPECT_EQ(read(object, 10, 0), "");
  object.write(8, bytes_of("AB"));
  object.write(0, bytes_of(""));
  EXPECT_EQ(memory.content(), "01234567AB");
}

TEST(SharedMemoryObject, TheSlashInFrontMayBeLeftOut) {
  const SharedMemory memory("text");
  ASSERT_EQ(memory.key().front(), '/');
  EXPECT_EQ(read(SharedMemoryObject(memory.key().substr(1)), 0, 4), "text");
}

TEST(SharedMemoryObject, RefusesKeysThatAreNoNames) {
  for (const std::string_view key :
       {std::string_view(), std::string_view("/"), std::string_view("."), std::string_view("/.."),
        std::string_view("a/b"), std::string_view("/../etc/passwd"), std::string_view("//a"),
        std::string_view("a\0b", 3)}) {
    EXPECT_TRUE(
        test::throws_error([&] { return SharedMemoryObject(key); }, ErrorCode::invalid_argument, "no name"))
        << key;
  }
  EXPECT_TRUE(test::throws_error([] { return SharedMemoryObject(std::string(5000, 'a')); },
                                 ErrorCode::invalid_argument));
}

TEST(SharedMemoryObject, TellsWhatIsMissingOrOfAnotherKind) {
  std::string key;
  { key = SharedMemory("gone").key(); }
  EXPECT_TRUE(test::throws_error([&] { return SharedMemoryObject(key); }, ErrorCode::not_found, key));
  // Opening it does not wait for somebody at its other end.
  const std::string path = "/dev/shm" + key;
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(test::throws_error([&] { return SharedMemoryObject(key); }, ErrorCode::invalid_argument,
                                 "no shared memory"));
  std::remove(path.c_str());
}

TEST(SharedMemoryObject, RefusesWhatLiesBehindItsEnd) {
  SharedMemory memory("0123456789");
  const SharedMemoryObject object(memory.key());
  const auto refuses = [&](std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> bytes(size);
    EXPECT_TRUE(
        test::throws_error([&] { return object.read(offset, bytes), 0; }, ErrorCode::invalid_argument));
    EXPECT_TRUE(
        test::throws_error([&] { return object.write(offset, bytes), 0; }, ErrorCode::invalid_argument));
  };
  refuses(0, 11);
  refuses(10, 1);
  refuses(~std::uint64_t{0}, 1);
  refuses(~std::uint64_t{0} >> 1U, 1);
  EXPECT_EQ(memory.content(), "0123456789");
  // The other process cuts it short.
  memory.resize(5);
  refuses(4, 2);
  EXPECT_EQ(object.size(), 5U);
  EXPECT_EQ(read(object, 4, 1), "4");
}

TEST(SharedMemoryObject, StaysTheOneThatWasOpened) {
  auto memory = std::make_unique<SharedMemory>("first");
  const SharedMemoryObject object(memory->key());
  memory.reset();
  EXPECT_EQ(read(object, 0, 5), "first");
}

}  // namespace
}  // namespace onda::base
