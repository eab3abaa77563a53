#include "runtime/prepared_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/ordinary_user.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using test::throws_error;

constexpr std::uint64_t kLimit = 1 << 20;
const PreparedLimits kLimits = {.cache_bytes = kLimit};

PreparedKey key_named(char digit) {
  return {.name = std::string(64, digit), .material = std::string("key ") + digit};
}

fs::path saved_model() { return test::source_dir() / "tests/data/prepared/tiny.ort"; }

void save(const SaveRequest& request) {
  fs::copy_file(saved_model(), request.path, fs::copy_options::overwrite_existing);
}

std::vector<std::string> no_external(const fs::path& /*model*/) { return {}; }

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void flip(const fs::path& path, std::uint64_t position) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(position));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(position));
  file.put(static_cast<char>(byte ^ 1));
}

void set_last_use(const fs::path& path, ::time_t seconds) {
  const ::timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

/// What is counted, from here on.
class Counted {
 public:
  PreparedStatistics operator()() const {
    const PreparedStatistics now = prepared_statistics();
    return {.used = now.used - before_.used,
            .missing = now.missing - before_.missing,
            .rejected = now.rejected - before_.rejected,
            .made = now.made - before_.made,
            .failed = now.failed - before_.failed,
            .evicted = now.evicted - before_.evicted};
  }

 private:
  PreparedStatistics before_ = prepared_statistics();
};

/// A model and a cache. One store for each session, as in the library.
class PreparedStoreFiles : public testing::Test {
 protected:
  PreparedStoreFiles() { model_ = temp_.write("models/m.onnx", "the model"); }

  PreparedStore store(Preparation preparation = Preparation::make, std::uint64_t limit = kLimit) const {
    auto store = PreparedStore::open(temp_ / "cache", {.cache_bytes = limit}, preparation);
    if (!store) throw std::runtime_error("no cache");
    return std::move(*store);
  }

  std::shared_ptr<const MappedEntry> make(char digit, std::uint64_t limit = kLimit) const {
    auto cache = store(Preparation::make, limit);
    return cache.make(key_named(digit), *cache.identify(model_, no_external),
                      {.model = model_.string(), .runtime_version = "1.29.0", .notes = "notes"}, save);
  }

  std::shared_ptr<const MappedEntry> find(char digit) const {
    return store(Preparation::use).find(key_named(digit));
  }

  fs::path file(char digit) const { return temp_ / "cache/prepared" / std::string(64, digit); }

  std::vector<std::string> temporary_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(temp_ / "cache/prepared")) {
      if (entry.path().filename().string().starts_with("tmp-")) names.push_back(entry.path().filename());
    }
    return names;
  }

  test::TempDirectory temp_;
  fs::path model_;
};

using PreparedStoreTest = PreparedStoreFiles;
using PreparedStoreDamage = PreparedStoreFiles;
using PreparedStorePlanted = PreparedStoreFiles;
using PreparedStoreThreads = PreparedStoreFiles;
using PreparedStoreProcesses = PreparedStoreFiles;

/// Runs `body` in a copy of this process, which ends with what it returns. The caller waits with `end_of`.
::pid_t start_child(const std::function<int()>& body) {
  const ::pid_t child = ::fork();
  if (child != 0) return child;
  int result = 100;
  try {
    result = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  ::_exit(result);
}

int end_of(::pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST_F(PreparedStoreTest, MakesAnEntryAndFindsIt) {
  const Counted counted;
  EXPECT_EQ(PreparedStore::open(temp_ / "cache", kLimits, Preparation::use), std::nullopt);
  const auto made = make('a');
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(made->model().data()), made->model().size()),
            content(saved_model()));
  EXPECT_EQ(made->notes(), "notes");
  EXPECT_TRUE(made->verify_weights());
  EXPECT_EQ(find('a'), made) << "one mapping for all sessions of the process";
  EXPECT_EQ(find('b'), nullptr);
  EXPECT_EQ(counted().made, 1U);
  EXPECT_EQ(counted().used, 2U);
  EXPECT_EQ(counted().missing, 1U);
  EXPECT_EQ(counted().rejected, 0U);
  EXPECT_TRUE(temporary_files().empty());
  EXPECT_EQ(fs::status(temp_ / "cache/prepared").permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(file('a')).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(PreparedStoreTest, DoesNotSaveWhatIsThere) {
  static_cast<void>(make('a'));
  auto cache = store();
  const auto fail = [](const SaveRequest&) { throw Error(ErrorCode::internal, "saved twice"); };
  EXPECT_NE(cache.make(key_named('a'), *cache.identify(model_, no_external), {}, fail), nullptr);
}

TEST_F(PreparedStoreTest, IsMappedAnewOnceNobodyUsesIt) {
  const base::FileStamp first = make('a')->stamp();
  const auto again = find('a');
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->stamp().inode, first.inode);
}

TEST_F(PreparedStoreTest, AnAbsentCacheIsNoError) {
  EXPECT_FALSE(PreparedStore::open(temp_ / "none", kLimits, Preparation::use).has_value());
  EXPECT_FALSE(PreparedStore::open(temp_ / "none/below", kLimits, Preparation::use).has_value());
  EXPECT_FALSE(PreparedStore::open("", kLimits, Preparation::make).has_value());
  EXPECT_FALSE(fs::exists(temp_ / "none"));
  EXPECT_TRUE(PreparedModels(temp_ / "none").list().empty());
  EXPECT_EQ(PreparedModels(temp_ / "none").clear(), 0U);
}

TEST_F(PreparedStoreTest, AReadOnlyCacheIsUsedAndLeftAsItIs) {
  const test::TempDirectory temp;
  const test::OrdinaryUser user(temp.path());
  const fs::path model = temp.write("m.onnx", "model");
  const auto key = key_named('a');
  {
    auto cache = PreparedStore::open(temp / "cache", kLimits, Preparation::make);
    static_cast<void>(cache->make(key, *cache->identify(model, no_external), {}, save));
  }
  ASSERT_EQ(::chmod((temp / "cache/prepared").c_str(), 0500), 0);
  ASSERT_EQ(::chmod((temp / "cache").c_str(), 0500), 0);
  auto cache = PreparedStore::open(temp / "cache", kLimits, Preparation::use);
  ASSERT_TRUE(cache.has_value());
  EXPECT_TRUE(cache->identify(model, no_external).has_value());
  EXPECT_NE(cache->find(key), nullptr);
  EXPECT_TRUE(throws_error(
      [&] { return cache->make(key_named('b'), *cache->identify(model, no_external), {}, save); },
      ErrorCode::permission_denied));
  cache->drop(*cache->find(key));
  EXPECT_TRUE(fs::exists(temp / "cache/prepared" / key.name));
}

TEST_F(PreparedStoreTest, HashesNothingForACacheWithoutEntries) {
  static_cast<void>(store());
  auto cache = store(Preparation::use);
  const Counted counted;
  EXPECT_FALSE(cache.identify(model_, no_external).has_value());
  EXPECT_EQ(counted().missing, 1U);
  static_cast<void>(make('a'));
  EXPECT_TRUE(cache.identify(model_, no_external).has_value());
}

TEST_F(PreparedStoreTest, LeavesNothingWhenSavingFails) {
  auto cache = store();
  const Counted counted;
  const auto identity = *cache.identify(model_, no_external);
  const auto fail = [](const SaveRequest& request) {
    std::ofstream(request.path) << "half";
    throw Error(ErrorCode::unimplemented, "no such operator");
  };
  EXPECT_TRUE(throws_error([&] { return cache.make(key_named('a'), identity, {}, fail); },
                           ErrorCode::unimplemented, "no such operator"));
  const auto nothing = [](const SaveRequest&) {};
  EXPECT_TRUE(throws_error([&] { return cache.make(key_named('a'), identity, {}, nothing); },
                           ErrorCode::failed_precondition, "nothing was saved"));
  const auto remove = [](const SaveRequest& request) { fs::remove(request.path); };
  EXPECT_TRUE(throws_error([&] { return cache.make(key_named('a'), identity, {}, remove); },
                           ErrorCode::failed_precondition));
  EXPECT_TRUE(temporary_files().empty());
  EXPECT_FALSE(fs::exists(file('a')));
  EXPECT_EQ(counted().failed, 3U);
}

TEST_F(PreparedStoreTest, KeepsNothingOfAModelThatChangesMeanwhile) {
  auto cache = store();
  const auto identity = *cache.identify(model_, no_external);
  const auto change = [this](const SaveRequest& request) {
    save(request);
    temp_.write("models/m.onnx", "the m0del");
  };
  EXPECT_TRUE(throws_error([&] { return cache.make(key_named('a'), identity, {}, change); },
                           ErrorCode::failed_precondition, "m.onnx", "changed"));
  EXPECT_FALSE(fs::exists(file('a')));
}

TEST_F(PreparedStoreTest, ListsTheNewestFirst) {
  for (const char digit : {'a', 'b', 'c'}) static_cast<void>(make(digit));
  set_last_use(file('a'), 2000);
  set_last_use(file('b'), 3000);
  set_last_use(file('c'), 1000);
  const auto entries = PreparedModels(temp_ / "cache").list();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].key, std::string(64, 'b'));
  EXPECT_EQ(entries[1].key, std::string(64, 'a'));
  EXPECT_EQ(entries[2].key, std::string(64, 'c'));
  EXPECT_EQ(entries[0].model, model_);
  EXPECT_EQ(entries[0].runtime_version, "1.29.0");
  EXPECT_EQ(entries[0].bytes, fs::file_size(file('b')));
  EXPECT_EQ(entries[0].last_used, std::chrono::system_clock::from_time_t(3000));
}

TEST_F(PreparedStoreTest, ClearsItsOwnFilesAndNoOthers) {
  static_cast<void>(make('a'));
  static_cast<void>(make('b'));
  temp_.write("cache/prepared/tmp-1-2.ort", "left over");
  temp_.write("cache/prepared/notes.txt", "the user's");
  EXPECT_EQ(PreparedModels(temp_ / "cache").clear(), 2U);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(temp_ / "cache/prepared"))
    left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"notes.txt"});
}

TEST_F(PreparedStoreTest, RemovesWhatAKilledProcessLeft) {
  static_cast<void>(store());
  temp_.write("cache/prepared/tmp-1-2.ort", "left over");
  static_cast<void>(make('a'));
  EXPECT_TRUE(temporary_files().empty());
}

TEST_F(PreparedStoreTest, TheEntryUsedLongestAgoLeavesFirst) {
  const Counted counted;
  for (const char digit : {'a', 'b', 'c'}) static_cast<void>(make(digit));
  set_last_use(file('a'), 1000);
  set_last_use(file('b'), 2000);
  set_last_use(file('c'), 3000);
  EXPECT_NE(find('a'), nullptr) << "which marks it as used now";
  const std::uint64_t one = fs::file_size(file('a'));
  const auto fourth = make('d', 3 * one);
  EXPECT_TRUE(fs::exists(file('a')));
  EXPECT_FALSE(fs::exists(file('b')));
  EXPECT_TRUE(fs::exists(file('c')));
  EXPECT_TRUE(fs::exists(file('d')));
  EXPECT_EQ(counted().evicted, 1U);
  static_cast<void>(make('e', one));
  EXPECT_EQ(store().list().size(), 1U) << "the newest stays alone";
}

TEST_F(PreparedStoreTest, AnEntryLargerThanTheLimitIsNotKept) {
  static_cast<void>(make('a'));
  EXPECT_TRUE(throws_error([&] { return make('b', 1000); }, ErrorCode::failed_precondition, "1000"));
  EXPECT_TRUE(fs::exists(file('a'))) << "nothing leaves for it";
  EXPECT_TRUE(temporary_files().empty());
}

TEST_F(PreparedStoreTest, WhatIsMappedOutlivesItsFile) {
  const auto entry = make('a');
  const auto other = make('b', fs::file_size(file('a')));
  EXPECT_FALSE(fs::exists(file('a')));
  EXPECT_TRUE(entry->verify_weights());
  EXPECT_EQ(store().clear(), 1U);
  EXPECT_TRUE(other->verify_weights());
  EXPECT_NE(make('a'), entry);
}

/// The weight that is damaged, with the file's times put back.
TEST_F(PreparedStoreDamage, OfAWeightIsFoundByItsCheckAndNotBefore) {
  const Counted counted;
  std::uint64_t position = 0;
  {
    const auto entry = make('a');
    position = static_cast<std::uint64_t>(entry->view().weights.at(1).data() - entry->bytes().data()) + 100;
  }
  const auto before = fs::last_write_time(file('a'));
  flip(file('a'), position);
  fs::last_write_time(file('a'), before);
  auto cache = store(Preparation::use);
  const auto entry = cache.find(key_named('a'));
  ASSERT_NE(entry, nullptr);
  EXPECT_FALSE(entry->verify_weights());
  EXPECT_EQ(counted().rejected, 0U);
  cache.drop(*entry);
  EXPECT_EQ(counted().rejected, 1U);
  EXPECT_EQ(cache.find(key_named('a')), nullptr);
  EXPECT_TRUE(make('a')->verify_weights()) << "made anew";
}

TEST_F(PreparedStoreDamage, OfTheGraphIsFoundBeforeItIsUsed) {
  std::uint64_t position = 0;
  {
    const auto entry = make('a');
    position = static_cast<std::uint64_t>(entry->view().weights.at(0).data() - entry->bytes().data()) - 50;
  }
  const Counted counted;
  flip(file('a'), position);
  EXPECT_EQ(find('a'), nullptr);
  EXPECT_EQ(counted().rejected, 1U);
  EXPECT_FALSE(fs::exists(file('a')));
  EXPECT_NE(make('a'), nullptr);
}

TEST_F(PreparedStoreDamage, OfTheGraphIsFoundInAnEntryThatIsMappedAlready) {
  const auto entry = make('a');
  const auto position =
      static_cast<std::uint64_t>(entry->view().weights.at(0).data() - entry->bytes().data()) - 50;
  flip(file('a'), position);
  EXPECT_EQ(find('a'), nullptr);
}

TEST_F(PreparedStoreDamage, TruncationIsFound) {
  static_cast<void>(make('a'));
  const std::uint64_t whole = fs::file_size(file('a'));
  const std::string good = content(file('a'));
  for (const std::uint64_t size : {whole - 1, whole / 2, std::uint64_t{100}, std::uint64_t{0}}) {
    std::ofstream(file('a'), std::ios::binary) << good.substr(0, size);
    fs::permissions(file('a'), fs::perms::owner_read | fs::perms::owner_write);
    const Counted counted;
    EXPECT_EQ(find('a'), nullptr) << size;
    EXPECT_EQ(counted().rejected, 1U) << size;
  }
  const auto mapped = make('a');
  fs::resize_file(file('a'), whole / 2);
  EXPECT_EQ(find('a'), nullptr) << "and its missing pages are not touched";
}

TEST_F(PreparedStoreDamage, AnEntryOfAnotherKeyIsForeign) {
  static_cast<void>(make('a'));
  fs::copy_file(file('a'), file('b'));
  const Counted counted;
  EXPECT_EQ(find('b'), nullptr);
  EXPECT_EQ(counted().rejected, 1U);
  EXPECT_FALSE(fs::exists(file('b')));
  EXPECT_NE(find('a'), nullptr);
}

TEST_F(PreparedStoreDamage, IsListedAndDoesNotHideTheOthers) {
  static_cast<void>(make('a'));
  static_cast<void>(make('b'));
  fs::resize_file(file('a'), 100);
  const auto entries = store().list();
  ASSERT_EQ(entries.size(), 2U);
  const auto damaged = std::ranges::find(entries, std::string(64, 'a'), &PreparedEntry::key);
  ASSERT_NE(damaged, entries.end());
  EXPECT_TRUE(damaged->model.empty());
  EXPECT_EQ(damaged->bytes, 100U);
}

TEST_F(PreparedStoreDamage, DroppingLeavesAnEntryThatTookItsPlace) {
  const auto old = make('a');
  fs::remove(file('a'));
  const auto fresh = make('a');
  store().drop(*old);
  EXPECT_EQ(find('a'), fresh);
}

TEST_F(PreparedStorePlanted, ADirectoryThatOthersMayWriteIsRefused) {
  static_cast<void>(make('a'));
  for (const fs::path& directory : {temp_ / "cache", temp_ / "cache/prepared"}) {
    ASSERT_EQ(::chmod(directory.c_str(), 0777), 0);
    for (const auto preparation : {Preparation::use, Preparation::make}) {
      EXPECT_TRUE(throws_error([&] { return PreparedStore::open(temp_ / "cache", kLimits, preparation); },
                               ErrorCode::permission_denied, "chmod 700"));
    }
    EXPECT_TRUE(
        throws_error([&] { return PreparedModels(temp_ / "cache").list(); }, ErrorCode::permission_denied));
    ASSERT_EQ(::chmod(directory.c_str(), 0700), 0);
  }
}

TEST_F(PreparedStorePlanted, ALinkIsRefused) {
  static_cast<void>(make('a'));
  fs::create_directory_symlink(temp_ / "cache", temp_ / "link");
  EXPECT_TRUE(throws_error([&] { return PreparedStore::open(temp_ / "link", kLimits, Preparation::use); },
                           ErrorCode::permission_denied, "symbolic link"));
  fs::rename(temp_ / "cache/prepared", temp_ / "elsewhere");
  fs::create_directory_symlink(temp_ / "elsewhere", temp_ / "cache/prepared");
  EXPECT_TRUE(throws_error([&] { return PreparedStore::open(temp_ / "cache", kLimits, Preparation::use); },
                           ErrorCode::permission_denied, "symbolic link"));
}

TEST_F(PreparedStorePlanted, AnEntryThatIsALinkOrOthersMayWriteIsRefused) {
  static_cast<void>(make('a'));
  const Counted counted;
  fs::rename(file('a'), temp_ / "elsewhere");
  fs::create_symlink(temp_ / "elsewhere", file('a'));
  EXPECT_EQ(find('a'), nullptr);
  EXPECT_FALSE(fs::is_symlink(file('a'))) << "the link is gone";
  EXPECT_TRUE(fs::exists(temp_ / "elsewhere")) << "what it led to is not";
  fs::rename(temp_ / "elsewhere", file('a'));
  ASSERT_EQ(::chmod(file('a').c_str(), 0666), 0);
  EXPECT_EQ(find('a'), nullptr);
  EXPECT_EQ(counted().rejected, 2U);
}

TEST_F(PreparedStoreProcesses, ThatStartAtOnceSaveOnce) {
  const fs::path saves = temp_ / "saves";
  std::vector<::pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(start_child([this, &saves] {
      auto cache = store();
      const auto entry = cache.make(key_named('a'), *cache.identify(model_, no_external), {},
                                    [&saves](const SaveRequest& request) {
                                      std::ofstream(saves, std::ios::app) << "x";
                                      save(request);
                                    });
      return entry->verify_weights() ? 0 : 1;
    }));
  }
  for (const ::pid_t child : children) EXPECT_EQ(end_of(child), 0);
  EXPECT_EQ(content(saves), "x");
  EXPECT_TRUE(temporary_files().empty());
  EXPECT_NE(find('a'), nullptr);
}

TEST_F(PreparedStoreProcesses, OneThatDiesWhileSavingIsNotInTheWay) {
  const int end = end_of(start_child([this] {
    auto cache = store();
    static_cast<void>(
        cache.make(key_named('a'), *cache.identify(model_, no_external), {}, [](const SaveRequest& request) {
          std::ofstream(request.path) << "half a mod" << std::flush;
          ::_exit(7);
        }));
    return 0;
  }));
  EXPECT_EQ(end, 7);
  EXPECT_EQ(temporary_files().size(), 1U) << "what it left";
  EXPECT_EQ(find('a'), nullptr);
  EXPECT_TRUE(make('a')->verify_weights());
  EXPECT_TRUE(temporary_files().empty());
}

TEST_F(PreparedStoreThreads, ThatStartAtOnceSaveOnce) {
  constexpr int kThreads = 4;
  std::atomic<int> saves = 0;
  std::vector<std::shared_ptr<const MappedEntry>> entries(kThreads);
  {
    std::vector<std::jthread> threads;
    for (auto& entry : entries) {
      threads.emplace_back([this, &entry, &saves] {
        auto cache = store();
        entry = cache.make(key_named('a'), *cache.identify(model_, no_external), {},
                           [&saves](const SaveRequest& request) {
                             ++saves;
                             save(request);
                           });
      });
    }
  }
  EXPECT_EQ(saves, 1);
  for (const auto& entry : entries) EXPECT_EQ(entry, entries[0]);
  EXPECT_TRUE(temporary_files().empty());
}

TEST_F(PreparedStoreThreads, FindMakeDropAndClearDoNotDisturbEachOther) {
  constexpr int kRounds = 12;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([this, thread] {
      for (int round = 0; round < kRounds; ++round) {
        const char digit = static_cast<char>('a' + (round + thread) % 2);
        const auto made = make(digit);
        EXPECT_TRUE(made->verify_weights());
        if (round % 7 == 0) store().drop(*made);
        const auto found = find(digit);
        EXPECT_TRUE(found == nullptr || found->verify_weights());
        if (round % 11 == 0) store().clear();
      }
    });
  }
}

}  // namespace
}  // namespace onda::runtime
