#include "base/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "support/run_process.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// FIPS 180-2, appendix B.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(to_hex(Sha256::of({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(Sha256::of(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(Sha256::of(bytes_of(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameInPieces) {
  Sha256 digest;
  for (const char letter : std::string("abc")) digest.update(std::string_view(&letter, 1));
  digest.update(std::string_view());
  Sha256 moved = std::move(digest);
  EXPECT_EQ(moved.finish(), Sha256::of(bytes_of("abc")));
  // And begins anew.
  EXPECT_EQ(moved.update("abc").finish(), Sha256::of(bytes_of("abc")));
}

// OpenSSL's newer calls read its configuration, which costs each start of the program and lets a file change
// it. Opening a pipe without a writer would not return.
TEST(Sha256, ReadsNoConfiguration) {
  const test::TempDirectory directory;
  const std::filesystem::path pipe = directory / "openssl.cnf";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto result = test::run_process(
      {test::this_program().string(), "--gtest_filter=Sha256.AgreesWithTheStandard"},
      {.environment = {{"OPENSSL_CONF", pipe.string()}}, .time_limit = std::chrono::seconds(30)});
  EXPECT_EQ(result.exit_code, 0) << result.out;
}

// From the distribution's shared libxxhash 0.8.1.
TEST(Xxh3, AgreesWithTheReference) {
  EXPECT_EQ(to_hex(Xxh3::of({})), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_hex(Xxh3::of(bytes_of("abc"))), "06b05ab6733a618578af5f94892f3950");
  EXPECT_EQ(to_hex(Xxh3::of(bytes_of(std::string(1'000'000, 'a')))), "a545df8e384a9579b1fd6fae5285c4eb");
}

TEST(Xxh3, IsTheSameInPieces) {
  const std::string text(100'000, 'q');
  Xxh3 digest;
  for (std::size_t at = 0; at < text.size(); at += 777)
    digest.update(bytes_of(text).subspan(at, std::min<std::size_t>(777, text.size() - at)));
  digest.update({});
  Xxh3 moved = std::move(digest);
  EXPECT_EQ(moved.finish(), Xxh3::of(bytes_of(text)));
  EXPECT_EQ(moved.finish(), Xxh3::of({}));
}

TEST(ToHex, WritesTwoDigitsForEachByte) {
  EXPECT_EQ(to_hex(bytes_of(std::string_view("\x00\x0f\xa0\xff", 4))), "000fa0ff");
  EXPECT_EQ(to_hex({}), "");
}

}  // namespace
}  // namespace onda::base
