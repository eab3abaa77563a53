// The external form in the cache of prepared models: what differs from prepared_store_test.cpp.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "runtime/prepared_store.h"
#include "support/error_matchers.h"
#include "support/external_graph.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using test::throws_error;

const PreparedLimits kLimits = {.cache_bytes = 1 << 20, .external_form_bytes = 1000};
constexpr std::size_t kWeightsBytes = 1024;

PreparedKey key_named(char digit) {
  return {.name = std::string(64, digit), .material = std::string("key ") + digit};
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// As ONNX Runtime does it.
void save(const SaveRequest& request) {
  std::ofstream(request.path.parent_path() / request.weights) << std::string(kWeightsBytes, 'w');
  std::ofstream(request.path, std::ios::binary) << test::external_graph({.location = request.weights});
}

/// A model of 1 000 bytes with its external data, which is where the external form begins here.
class PreparedExternal : public testing::Test {
 protected:
  PreparedExternal() {
    model_ = temp_.write("models/m.onnx", std::string(300, 'm'));
    temp_.write("models/w.bin", std::string(700, 'd'));
  }

  static std::vector<std::string> external(const fs::path& /*model*/) { return {"w.bin"}; }
  PreparedStore store(const PreparedLimits& limits = kLimits) const {
    return std::move(PreparedStore::open(temp_ / "cache", limits, Preparation::make).value());
  }
  std::shared_ptr<const MappedEntry> make(char digit, const PreparedStore::Save& save,
                                          const PreparedLimits& limits = kLimits) const {
    auto cache = store(limits);
    return cache.make(key_named(digit), *cache.identify(model_, external),
                      {.model = model_.string(), .runtime_version = "1.29.0", .notes = {}}, save);
  }
  [[nodiscard]] testing::AssertionResult fails(const PreparedStore::Save& save, ErrorCode code,
                                               std::string_view reason,
                                               const PreparedLimits& limits = kLimits) const {
    const auto result = throws_error([&] { return make('a', save, limits); }, code, reason);
    if (!result) return result;
    for (const auto& item : fs::directory_iterator(temp_ / "cache/prepared")) {
      const std::string name = item.path().filename();
      if (!name.ends_with(".record")) return testing::AssertionFailure() << name << " is left";
    }
    return testing::AssertionSuccess();
  }
  fs::path file(char digit) const { return temp_ / "cache/prepared" / std::string(64, digit); }

  test::TempDirectory temp_;
  fs::path model_;
};

TEST_F(PreparedExternal, IsTakenByTheModelsSizeWithItsData) {
  int external_saves = 0;
  const auto count = [&](const SaveRequest& request) {
    external_saves += request.weights.empty() ? 0 : 1;
    if (request.weights.empty()) {
      std::ofstream(request.path) << "a model in ORT format";
    } else {
      save(request);
    }
  };
  EXPECT_EQ(make('a', count)->view().form, PreparedForm::external);
  EXPECT_EQ(make('b', count, {.external_form_bytes = 1001})->view().form, PreparedForm::ort);
  EXPECT_EQ(external_saves, 1);
}

TEST_F(PreparedExternal, IsSavedFromACopyAndLeavesOneFile) {
  fs::path copy;
  const auto made = make('a', [&](const SaveRequest& request) {
    copy = request.copy;
    EXPECT_EQ(request.weights, key_named('a').name);
    EXPECT_EQ(content(copy), std::string(300, 'm'));
    EXPECT_EQ(content(copy.parent_path() / "w.bin"), std::string(700, 'd'));
    EXPECT_TRUE(copy.string().starts_with((temp_ / "cache/prepared").string()));
    save(request);
  });
  EXPECT_EQ(made->view().external.size(), kWeightsBytes);
  EXPECT_TRUE(made->verify_weights());
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_TRUE(fs::is_regular_file(file('a')));
  EXPECT_EQ(fs::status(file('a')).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  for (const auto& item : fs::directory_iterator(temp_ / "cache/prepared"))
    EXPECT_FALSE(item.is_directory()) << item.path();
  EXPECT_EQ(store().find(key_named('a')), made) << "one mapping for all sessions of the process";
}

TEST_F(PreparedExternal, OfAModelWithoutLargeWeightsIsAnEntryToo) {
  const auto made = make('a', [](const SaveRequest& request) {
    std::ofstream(request.path, std::ios::binary) << std::string("\x08\x0a\x3a\x00", 4);
  });
  EXPECT_TRUE(made->view().external.empty());
  EXPECT_TRUE(made->verify_weights());
}

TEST_F(PreparedExternal, LeavesNothingWhenSavingFails) {
  EXPECT_TRUE(fails(
      [](const SaveRequest& request) {
        save(request);
        throw Error(ErrorCode::resource_exhausted, "no space");
      },
      ErrorCode::resource_exhausted, "no space"));
  EXPECT_TRUE(fails([](const SaveRequest&) {}, ErrorCode::failed_precondition, "was removed"));
  EXPECT_TRUE(fails([](const SaveRequest& request) { std::ofstream(request.path).flush(); },
                    ErrorCode::failed_precondition, "nothing was saved"));
}

TEST_F(PreparedExternal, OfWhichNotAllWasWrittenIsNoEntry) {
  const auto half = [](const SaveRequest& request) {
    save(request);
    fs::resize_file(request.path.parent_path() / request.weights, kWeightsBytes - 1);
  };
  EXPECT_TRUE(fails(half, ErrorCode::failed_precondition, "disk may be full"));
}

TEST_F(PreparedExternal, OfAModelThatChangesMeanwhileIsNotKept) {
  const auto change = [this](const SaveRequest& request) {
    save(request);
    temp_.write("models/w.bin", std::string(700, 'e'));
  };
  EXPECT_TRUE(fails(change, ErrorCode::failed_precondition, "changed"));
}

/// A sparse file claims any size. Nothing of it is copied.
TEST_F(PreparedExternal, IsNotTriedWhereThereIsNoRoomForIt) {
  int saves = 0;
  const auto count = [&saves](const SaveRequest&) { ++saves; };
  PreparedLimits limits = kLimits;
  limits.cache_bytes = 999;
  EXPECT_TRUE(
      fails(count, ErrorCode::failed_precondition, "the cache of prepared models may hold 999", limits));
  limits = kLimits;
  limits.memory_bytes = 999;
  EXPECT_TRUE(fails(count, ErrorCode::failed_precondition, "this process may use 999", limits));
  EXPECT_EQ(saves, 0);

  auto cache = store({.cache_bytes = ~std::uint64_t{0}, .memory_bytes = ~std::uint64_t{0}});
  ModelIdentity identity = *cache.identify(model_, external);
  identity.files[1].stamp.size = std::uint64_t{1} << 62;
  EXPECT_TRUE(throws_error([&] { return cache.make(key_named('a'), identity, {}, count); },
                           ErrorCode::failed_precondition, "on the disk"));
  identity.files[1].stamp.size = ~std::uint64_t{0};
  EXPECT_TRUE(throws_error([&] { return cache.make(key_named('a'), identity, {}, count); },
                           ErrorCode::failed_precondition, "18446744073709551615"));
  EXPECT_EQ(saves, 0);
}

TEST_F(PreparedExternal, LargerThanTheCachesLimitIsNotKept) {
  PreparedLimits limits = kLimits;
  limits.cache_bytes = 1100;
  EXPECT_TRUE(fails(save, ErrorCode::failed_precondition, "more than the cache may hold (1100)", limits));
}

TEST_F(PreparedExternal, LeavesFirstWhereItWasUsedLongestAgo) {
  const auto first = make('a', save);
  fs::last_write_time(file('a'), fs::file_time_type::clock::now() - std::chrono::hours(1));
  PreparedLimits limits = kLimits;
  limits.cache_bytes = fs::file_size(file('a')) + 10;
  const auto second = make('b', save, limits);
  EXPECT_FALSE(fs::exists(file('a')));
  EXPECT_TRUE(first->verify_weights()) << "what is mapped outlives its file";
  EXPECT_FALSE(store().holds(*first));
  EXPECT_TRUE(store().holds(*second));
}

TEST_F(PreparedExternal, HeldIsOnlyTheFileThatHasTheName) {
  const auto first = make('a', save);
  fs::remove(file('a'));
  const auto second = make('a', save);
  EXPECT_FALSE(store().holds(*first));
  EXPECT_TRUE(store().holds(*second));
}

TEST_F(PreparedExternal, CopiedToAnotherNameIsForeign) {
  static_cast<void>(make('a', save));
  fs::copy_file(file('a'), file('b'));
  EXPECT_EQ(store().find(key_named('b')), nullptr);
  EXPECT_FALSE(fs::exists(file('b')));
}

TEST_F(PreparedExternal, OfAnotherLayoutIsRebuilt) {
  static_cast<void>(make('a', save));
  {
    std::fstream entry(file('a'), std::ios::in | std::ios::out | std::ios::binary);
    entry.seekp(-2, std::ios::end);
    entry.put('1');
  }
  EXPECT_EQ(store().find(key_named('a')), nullptr);
  EXPECT_TRUE(make('a', save)->verify_weights());
}

TEST_F(PreparedExternal, WhatAKilledProcessLeftIsRemoved) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    try {
      static_cast<void>(make('a', [](const SaveRequest& request) {
        save(request);
        ::_exit(7);
      }));
    } catch (...) {
      ::_exit(8);
    }
    ::_exit(9);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 7);
  const auto directories = [this] {
    return std::ranges::count_if(fs::directory_iterator(temp_ / "cache/prepared"),
                                 [](const auto& item) { return item.is_directory(); });
  };
  EXPECT_EQ(directories(), 1);
  EXPECT_TRUE(make('b', save)->verify_weights());
  EXPECT_EQ(directories(), 0);
  fs::create_directories(temp_ / "cache/prepared/tmp-1-2/in");
  EXPECT_EQ(store().clear(), 1U);
  EXPECT_EQ(directories(), 0);
}

}  // namespace
}  // namespace onda::runtime
