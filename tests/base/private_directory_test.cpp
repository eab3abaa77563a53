#include "base/private_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/error_matchers.h"
#include "support/ordinary_user.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

namespace fs = std::filesystem;
using test::throws_error;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text(const PrivateFile& file) {
  const auto content = file.read(1 << 20);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

::mode_t mode_of(const fs::path& path) {
  struct ::stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

constexpr auto kFail = PrivateDirectory::Absent::fail;
constexpr auto kCreate = PrivateDirectory::Absent::create;

TEST(PrivateDirectory, MakesItselfAndItsParentsPrivate) {
  const test::TempDirectory temp;
  const auto directory = PrivateDirectory::open(temp / "a/b/c", kCreate);
  EXPECT_EQ(directory.path(), temp / "a/b/c");
  EXPECT_EQ(mode_of(temp / "a/b/c"), 0700U);
  EXPECT_EQ(mode_of(temp / "a"), 0700U);
}

TEST(PrivateDirectory, IsNotMadeUnlessAskedFor) {
  const test::TempDirectory temp;
  EXPECT_TRUE(throws_error([&] { return PrivateDirectory::open(temp / "a", kFail); }, ErrorCode::not_found,
                           "\"", "/a\""));
  EXPECT_FALSE(fs::exists(temp / "a"));
}

TEST(PrivateDirectory, RefusesOneThatOthersMayWrite) {
  const test::TempDirectory temp;
  for (const ::mode_t mode : {0777U, 0720U, 0702U, 01777U}) {
    fs::create_directory(temp / "open");
    ASSERT_EQ(::chmod((temp / "open").c_str(), mode), 0);
    for (const auto absent : {kFail, kCreate}) {
      EXPECT_TRUE(throws_error([&] { return PrivateDirectory::open(temp / "open", absent); },
                               ErrorCode::permission_denied, "chmod 700"))
          << std::oct << mode;
    }
  }
}

TEST(PrivateDirectory, RefusesOneOfAnotherUser) {
  const test::TempDirectory temp;
  fs::path foreign = "/";
  if (::geteuid() == 0) {
    foreign = temp / "foreign";
    fs::create_directory(foreign);
    ASSERT_EQ(::chown(foreign.c_str(), 65534, 65534), 0);
  }
  EXPECT_TRUE(throws_error([&] { return PrivateDirectory::open(foreign, kFail); },
                           ErrorCode::permission_denied, "belongs to user"));
}

TEST(PrivateDirectory, RefusesALinkAsItsLastComponentHoweverItIsWritten) {
  const test::TempDirectory temp;
  fs::create_directory(temp / "real");
  ASSERT_EQ(::chmod((temp / "real").c_str(), 0700), 0);
  fs::create_symlink(temp / "real", temp / "link");
  for (const std::string written : {"link", "link/", "link//", "link/.", "link/./"}) {
    EXPECT_TRUE(
        throws_error([&] { return PrivateDirectory::open(temp.path().string() + "/" + written, kCreate); },
                     ErrorCode::permission_denied, "symbolic link"))
        << written;
  }
  EXPECT_NO_THROW(PrivateDirectory::open(temp / "link/child", kCreate))
      << "links above it are the user's choice";
}

TEST(PrivateDirectory, RefusesWhatIsNoDirectory) {
  const test::TempDirectory temp;
  temp.write("file", "x");
  EXPECT_TRUE(throws_error([&] { return PrivateDirectory::open(temp / "file", kCreate); },
                           ErrorCode::invalid_argument, "not a directory"));
  EXPECT_TRUE(throws_error([&] { return PrivateDirectory::open("", kCreate); }, ErrorCode::invalid_argument));
}

TEST(PrivateDirectory, ChecksAChildLikeItself) {
  const test::TempDirectory temp;
  const auto directory = PrivateDirectory::open(temp.path(), kFail);
  EXPECT_TRUE(throws_error([&] { return directory.open_child("a", kFail); }, ErrorCode::not_found));
  EXPECT_EQ(directory.open_child("a", kCreate).path(), temp / "a");
  EXPECT_EQ(mode_of(temp / "a"), 0700U);
  ASSERT_EQ(::chmod((temp / "a").c_str(), 0777), 0);
  EXPECT_TRUE(throws_error([&] { return directory.open_child("a", kCreate); }, ErrorCode::permission_denied));
  fs::create_symlink(temp / "a", temp / "b");
  EXPECT_TRUE(throws_error([&] { return directory.open_child("b", kCreate); }, ErrorCode::permission_denied));
}

TEST(PrivateDirectory, NarrowsOneThatOthersMayRead) {
  const test::TempDirectory temp;
  fs::create_directory(temp / "a");
  ASSERT_EQ(::chmod((temp / "a").c_str(), 0755), 0);
  auto directory = PrivateDirectory::open(temp / "a", kFail);
  directory.narrow();
  EXPECT_EQ(mode_of(temp / "a"), 0700U);
  ASSERT_EQ(::chmod((temp / "a").c_str(), 0500), 0);
  directory.narrow();
  EXPECT_EQ(mode_of(temp / "a"), 0500U) << "never wider";
}

TEST(PrivateDirectory, StaysTheOneThatWasCheckedWhenItsPathLeadsElsewhere) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp / "a", kCreate);
  directory.create_file("f").append(bytes("ours"));
  fs::rename(temp / "a", temp / "moved");
  fs::create_directory(temp / "a");
  temp.write("a/f", "planted");
  EXPECT_EQ(text(directory.open_file("f").value()), "ours");
}

TEST(PrivateDirectory, RemovesADirectoryWithAllThatIsInItAndFollowsNoLink) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp / "a", kCreate);
  temp.write("kept/file", "x");
  const std::string name = directory.create_temporary_directory();
  EXPECT_TRUE(name.starts_with(PrivateDirectory::kTemporaryPrefix));
  EXPECT_EQ(mode_of(temp / "a" / name), 0700U);
  temp.write("a/" + name + "/one/two/three", "x");
  fs::create_directory_symlink(temp / "kept", temp / "a" / name / "link");
  fs::create_directory_symlink(temp / "kept", temp / "a/beside");
  directory.remove_tree(name);
  directory.remove_tree("beside");
  directory.remove_tree("not there");
  directory.remove_tree("../kept");
  EXPECT_FALSE(fs::exists(temp / "a" / name));
  EXPECT_TRUE(fs::exists(temp / "kept/file"));
}

TEST(PrivateDirectory, ListsItsDirectoriesApartFromItsFiles) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp / "a", kCreate);
  static_cast<void>(directory.create_file("file"));
  static_cast<void>(directory.open_child("child", kCreate));
  fs::create_directory_symlink(temp.path(), temp / "a/link");
  ASSERT_EQ(directory.list().size(), 1U);
  EXPECT_EQ(directory.list()[0].name, "file");
  ASSERT_EQ(directory.list_directories().size(), 1U);
  EXPECT_EQ(directory.list_directories()[0].name, "child");
}

TEST(PrivateDirectory, TakesAFileOfAnotherDirectory) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp / "a", kCreate);
  auto other = PrivateDirectory::open(temp / "b", kCreate);
  other.create_file("f").append(bytes("new"));
  directory.create_file("g").append(bytes("old"));
  directory.take(other, "f", "g");
  EXPECT_EQ(text(directory.open_file("g").value()), "new");
  EXPECT_FALSE(other.open_file("f").has_value());
  EXPECT_TRUE(throws_error(
      [&] {
        directory.take(other, "f", "g");
        return 0;
      },
      ErrorCode::not_found));
}

TEST(PrivateDirectory, TakesNoNameThatLeadsOut) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp.path(), kFail);
  for (const std::string_view name : {"", ".", "..", "a/b", "/etc/passwd"}) {
    EXPECT_TRUE(throws_error([&] { return directory.open_file(name); }, ErrorCode::invalid_argument)) << name;
    EXPECT_TRUE(throws_error([&] { return directory.create_file(name); }, ErrorCode::invalid_argument))
        << name;
    EXPECT_FALSE(directory.remove(name)) << name;
  }
}

TEST(PrivateDirectory, OpensOnlyPrivateRegularFiles) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp.path(), kFail);
  EXPECT_FALSE(directory.open_file("none").has_value());
  ASSERT_EQ(::chmod(temp.write("shared", "x").c_str(), 0666), 0);
  fs::create_symlink(temp / "shared", temp / "link");
  fs::create_directory(temp / "directory");
  ASSERT_EQ(::mkfifo((temp / "pipe").c_str(), 0600), 0);
  for (const std::string_view name : {"shared", "link", "directory", "pipe"}) {
    EXPECT_TRUE(throws_error([&] { return directory.open_file(name); }, ErrorCode::permission_denied))
        << name;
  }
  EXPECT_TRUE(directory.adopt_file("shared").has_value());
  EXPECT_EQ(mode_of(temp / "shared"), 0600U);
  EXPECT_TRUE(directory.open_file("shared").has_value());
}

TEST(PrivateDirectory, WritesRenamesListsAndRemoves) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp.path(), kFail);
  auto file = directory.create_file("a");
  file.append(bytes("one "));
  file.append(bytes("two"));
  file.sync();
  EXPECT_EQ(mode_of(temp / "a"), 0600U);
  EXPECT_TRUE(throws_error([&] { return directory.create_file("a"); }, ErrorCode::already_exists));
  directory.rename("a", "b");
  directory.sync();
  EXPECT_EQ(text(directory.open_file("b").value()), "one two");
  EXPECT_EQ(directory.open_file("b")->stamp(), stamp_of(temp / "b"));
  EXPECT_TRUE(
      throws_error([&] { return directory.open_file("b")->read(6); }, ErrorCode::resource_exhausted, "7"));
  fs::create_directory(temp / "d");
  const auto items = directory.list();
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].name, "b");
  EXPECT_EQ(items[0].bytes, 7U);
  EXPECT_EQ(items[0].mtime_ns, stamp_of(temp / "b").mtime_ns);
  EXPECT_TRUE(directory.remove("b"));
  EXPECT_FALSE(directory.remove("b"));
  EXPECT_TRUE(directory.list().empty());
}

TEST(PrivateDirectory, GivesTemporaryFilesNamesOfTheirOwn) {
  const test::TempDirectory temp;
  auto directory = PrivateDirectory::open(temp.path(), kFail);
  const auto one = directory.create_temporary(".ort");
  const auto two = directory.create_temporary(".ort");
  EXPECT_NE(one.name, two.name);
  EXPECT_TRUE(one.name.starts_with(PrivateDirectory::kTemporaryPrefix));
  EXPECT_TRUE(one.name.ends_with(".ort"));
}

TEST(PrivateDirectory, CanBeReadWhereItCannotBeWritten) {
  const test::TempDirectory temp;
  const test::OrdinaryUser user(temp.path());
  auto directory = PrivateDirectory::open(temp.path(), kFail);
  EXPECT_TRUE(directory.is_writable());
  directory.create_file("f").append(bytes("content"));
  ASSERT_EQ(::chmod(temp.path().c_str(), 0500), 0);
  EXPECT_FALSE(directory.is_writable());
  EXPECT_EQ(text(directory.open_file("f").value()), "content");
  EXPECT_TRUE(throws_error([&] { return directory.create_file("g"); }, ErrorCode::permission_denied));
  EXPECT_FALSE(directory.remove("f"));
  EXPECT_EQ(directory.list().size(), 1U);
  ASSERT_EQ(::chmod(temp.path().c_str(), 0700), 0);
}

}  // namespace
}  // namespace onda::base
