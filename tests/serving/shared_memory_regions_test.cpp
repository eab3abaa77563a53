#include "serving/shared_memory_regions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "support/error_matchers.h"
#include "support/shared_memory.h"

namespace onda::serving {
namespace {

using test::SharedMemory;
using test::throws_error;

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

std::string read(const SharedMemoryRegion& region, std::uint64_t offset, std::size_t size) {
  std::string text(size, '?');
  region.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

void write(const SharedMemoryRegion& region, std::uint64_t offset, std::string_view text) {
  region.write(offset, std::as_bytes(std::span(text)));
}

TEST(SharedMemoryRegions, OffsetsCountFromTheBeginningOfTheRegion) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 3, 5);
  const auto region = regions.find("r");
  EXPECT_EQ(region->byte_size(), 5U);
  EXPECT_EQ(read(*region, 0, 5), "34567");
  EXPECT_EQ(read(*region, 4, 1), "7");
  write(*region, 1, "AB");
  EXPECT_EQ(memory.content(), "0123AB6789");
}

TEST(SharedMemoryRegions, RefusesWhatLeavesTheRegion) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 3, 5);
  const auto region = regions.find("r");
  const auto refuses = [&](std::uint64_t offset, std::size_t size, std::string_view part) {
    EXPECT_TRUE(
        throws_error([&] { return read(*region, offset, size); }, ErrorCode::invalid_argument, part, "'r'"));
    EXPECT_TRUE(throws_error([&] { return write(*region, offset, std::string(size, 'X')), 0; },
                             ErrorCode::invalid_argument, part, "'r'"));
  };
  refuses(5, 1, "Invalid offset for shared memory region");
  refuses(kHuge, 2, "Invalid offset for shared memory region");
  refuses(0, 6, "Invalid offset + byte size for shared memory region");
  refuses(4, 2, "Invalid offset + byte size for shared memory region");
  EXPECT_EQ(memory.content(), "0123456789");
}

TEST(SharedMemoryRegions, RefusesPiecesThatTheObjectDoesNotHave) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true);
  const auto refuses = [&](std::uint64_t offset, std::uint64_t size) {
    EXPECT_TRUE(throws_error([&] { return regions.register_system("r", memory.key(), offset, size), 0; },
                             ErrorCode::invalid_argument,
                             "failed to register shared memory region 'r': invalid args"));
  };
  refuses(0, 11);
  refuses(10, 1);
  refuses(0, 0);
  refuses(5, kHuge);
  refuses(kHuge, 5);
  refuses(kHuge - 4, 10);
  EXPECT_TRUE(regions.status("").empty());
  regions.register_system("r", memory.key(), 0, 10);
}

TEST(SharedMemoryRegions, SaysWhatIsWrongInTheWordsThatClientsKnow) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 10);
  EXPECT_TRUE(throws_error([&] { return regions.register_system("r", memory.key(), 0, 5), 0; },
                           ErrorCode::already_exists, "shared memory region 'r' already in manager"));
  EXPECT_TRUE(throws_error([&] { return regions.find("s"); }, ErrorCode::not_found,
                           "Unable to find shared memory region: 's'"));
  EXPECT_TRUE(throws_error([&] { return regions.status("s"); }, ErrorCode::not_found,
                           "Unable to find shared memory region: 's'"));
  for (const std::string_view key : {"/onda-test-none", "../onda-test", ""}) {
    EXPECT_TRUE(throws_error([&] { return regions.register_system("s", key, 0, 5), 0; }, ErrorCode::internal,
                             "Unable to open shared memory region: '" + std::string(key) + "'"));
  }
  EXPECT_TRUE(throws_error([&] { return regions.register_system("", memory.key(), 0, 5), 0; },
                           ErrorCode::invalid_argument, "needs a name"));
  // Whatever a name is, the message is one line of text.
  EXPECT_TRUE(throws_error([&] { return regions.find("a\nb\xFF"); }, ErrorCode::not_found, "'a\\x0ab\\xff'"));
}

TEST(SharedMemoryRegions, ListsThemByName) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true);
  regions.register_system("b", memory.key(), 1, 2);
  regions.register_system("a", memory.key().substr(1), 0, 10);
  const auto all = regions.status("");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_EQ(all[0].key, memory.key().substr(1));
  EXPECT_EQ(all[1].offset, 1U);
  EXPECT_EQ(all[1].byte_size, 2U);
  ASSERT_EQ(regions.status("b").size(), 1U);
  EXPECT_EQ(regions.status("b")[0].name, "b");
}

TEST(SharedMemoryRegions, ARequestKeepsTheRegionThatWasUnregistered) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 10);
  regions.register_system("s", memory.key(), 0, 10);
  const auto region = regions.find("r");
  regions.unregister_system("unknown");
  regions.unregister_system("r");
  EXPECT_TRUE(throws_error([&] { return regions.find("r"); }, ErrorCode::not_found));
  EXPECT_EQ(read(*region, 0, 3), "012");
  regions.register_system("r", memory.key(), 0, 10);
  regions.unregister_system("");
  EXPECT_TRUE(regions.status("").empty());
}

TEST(SharedMemoryRegions, ThereAreNoMoreThanItsLimit) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(true, 2);
  regions.register_system("a", memory.key(), 0, 10);
  regions.register_system("b", memory.key(), 0, 10);
  EXPECT_TRUE(throws_error([&] { return regions.register_system("c", memory.key(), 0, 10), 0; },
                           ErrorCode::resource_exhausted, "unregister"));
  regions.unregister_system("a");
  regions.register_system("c", memory.key(), 0, 10);
}

TEST(SharedMemoryRegions, NothingIsRegisteredWhereItIsOff) {
  const SharedMemory memory("0123456789");
  SharedMemoryRegions regions(false);
  EXPECT_TRUE(throws_error([&] { return regions.register_system("r", memory.key(), 0, 10), 0; },
                           ErrorCode::unimplemented, "Client shared memory is disabled"));
  EXPECT_TRUE(throws_error([&] { return regions.unregister_system(""), 0; }, ErrorCode::unimplemented,
                           "Client shared memory is disabled"));
  EXPECT_TRUE(regions.status("").empty());
  EXPECT_TRUE(throws_error([&] { return regions.find("r"); }, ErrorCode::not_found));
}

/// Another process that cuts the object short, makes it whole and fills it, over and over, until it is told
/// to end.
class Disturber {
 public:
  Disturber(SharedMemory& memory, const std::string& first, const std::string& second) {
    if (pipe(ends_) != 0) return;
    process_ = fork();
    if (process_ != 0) return;
    close(ends_[1]);
    alarm(60);  // It ends even if its parent does not.
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    char byte = 0;
    // Until the parent's end of the pipe is closed.
    while (::read(ends_[0], &byte, 1) != 0) {
      memory.resize(0);
      memory.resize(first.size());
      memory.fill(0, first);
      memory.resize(first.size() / 2);
      memory.resize(first.size());
      memory.fill(0, second);
    }
    _exit(0);
  }
  Disturber(const Disturber&) = delete;
  Disturber& operator=(const Disturber&) = delete;
  ~Disturber() { end(); }

  [[nodiscard]] bool is_running() const { return process_ > 0 && waitpid(process_, nullptr, WNOHANG) == 0; }
  void end() {
    if (process_ <= 0) return;
    close(ends_[1]);
    close(ends_[0]);
    waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  int ends_[2] = {-1, -1};
  pid_t process_ = 0;
};

TEST(SharedMemoryRegions, AnotherProcessMayCutTheObjectShortAndRewriteItAllTheTime) {
  constexpr std::size_t kSize = std::size_t{256} << 10;
  const std::string first(kSize, 'a');
  const std::string second(kSize, 'b');
  const std::string mine(kSize, 'c');
  SharedMemory memory(first);
  SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, kSize);
  const auto region = regions.find("r");
  Disturber disturber(memory, first, second);

  struct Counts {
    int done = 0;
    int refused = 0;
    [[nodiscard]] bool is_enough() const { return done >= 20 && refused >= 20; }
  };
  Counts reads;
  Counts writes;
  const auto attempt = [](Counts& counts, const auto& action) {
    try {
      action();
      ++counts.done;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
      EXPECT_NE(std::string_view(error.what()).find("too short"), std::string_view::npos) << error.what();
      ++counts.refused;
    }
  };
  constexpr int kMostRounds = 200'000;
  for (int round = 0; round < kMostRounds && !(reads.is_enough() && writes.is_enough()); ++round) {
    attempt(reads, [&] {
      const auto text = read(*region, 0, kSize);
      // 0 is what the system gives for what was cut off.
      EXPECT_EQ(text.find_first_not_of(std::string_view("\0abc", 4)), std::string::npos);
    });
    attempt(writes, [&] { write(*region, 0, mine); });
  }
  EXPECT_TRUE(disturber.is_running());
  disturber.end();
  EXPECT_TRUE(reads.is_enough()) << reads.done << " reads, " << reads.refused << " refused";
  EXPECT_TRUE(writes.is_enough()) << writes.done << " writes, " << writes.refused << " refused";

  // Whole again, and left alone: exactly what is in it.
  memory.resize(kSize);
  write(*region, 0, mine);
  EXPECT_EQ(memory.content().substr(0, kSize), mine);
  memory.fill(0, second);
  EXPECT_EQ(read(*region, 0, kSize), second);
}

}  // namespace
}  // namespace onda::serving
