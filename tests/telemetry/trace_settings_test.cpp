#include "telemetry/trace_settings.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/error_matchers.h"

namespace onda::telemetry {
namespace {

using test::throws_error;
using Changes = std::vector<TraceSettingChange>;
using Texts = std::vector<std::string>;

const TraceDefaults kWithFile = {.trace_file = "t.json"};

auto updating(TraceSettings& settings, const std::string& model, Changes changes) {
  return [&settings, model, changes = std::move(changes)] {
    settings.update(model, changes);
    return 0;
  };
}

testing::AssertionResult is_refused(Changes changes, ErrorCode code, std::string_view part) {
  TraceSettings settings(kWithFile);
  const TraceSetting before = settings.effective();
  // The good change before the bad one must not be kept either.
  changes.insert(changes.begin(), {"log_frequency", Texts{"7"}});
  for (const std::string model : {"", "m"}) {
    const auto result = throws_error(updating(settings, model, changes), code, part);
    if (!result) return result;
    if (settings.effective(model) != before) return testing::AssertionFailure() << "something was changed";
  }
  return testing::AssertionSuccess();
}

TEST(TraceSettings, TraceNothingAtFirst) {
  const TraceSetting expected = {.trace_file = "",
                                 .trace_level = {"OFF"},
                                 .trace_rate = "1000",
                                 .trace_count = "-1",
                                 .log_frequency = "0",
                                 .trace_mode = "triton"};
  const TraceSettings settings;
  EXPECT_EQ(settings.effective(), expected);
  EXPECT_EQ(settings.effective("m"), expected);
}

TEST(TraceSettings, AnUpdateChangesOnlyTheKeysThatItNames) {
  TraceSettings settings(kWithFile);
  settings.update("", Changes{{"trace_level", Texts{"TIMESTAMPS"}}, {"trace_rate", Texts{"5"}}});
  settings.update("", Changes{{"log_frequency", Texts{"50"}}, {"trace_mode", Texts{"triton"}}});
  settings.update("", Changes{{"trace_count", Texts{"9"}}});
  settings.update("", Changes{});
  EXPECT_EQ(settings.effective(), (TraceSetting{.trace_file = "t.json",
                                                .trace_level = {"TIMESTAMPS"},
                                                .trace_rate = "5",
                                                .trace_count = "9",
                                                .log_frequency = "50",
                                                .trace_mode = "triton"}));
}

TEST(TraceSettings, AModelFollowsTheGlobalSettingWhereItHasNoneOfItsOwn) {
  TraceSettings settings(kWithFile);
  settings.update("m", Changes{{"trace_rate", Texts{"3"}}, {"trace_count", Texts{"4"}}});
  settings.update("", Changes{{"trace_rate", Texts{"5"}}, {"trace_level", Texts{"TIMESTAMPS"}}});
  EXPECT_EQ(settings.effective("m").trace_rate, "3");
  EXPECT_EQ(settings.effective("m").trace_count, "4");
  EXPECT_EQ(settings.effective("m").trace_level, Texts{"TIMESTAMPS"});
  EXPECT_EQ(settings.effective("other").trace_rate, "5");
  EXPECT_EQ(settings.effective().trace_count, "-1");
}

TEST(TraceSettings, ClearingGoesBackToTheGlobalAndThenToTheDefaultSetting) {
  TraceSettings settings(kWithFile);
  const TraceSetting defaults = settings.effective();
  const Changes all = {{"trace_level", Texts{"TIMESTAMPS"}},
                       {"trace_rate", Texts{"5"}},
                       {"trace_count", Texts{"6"}},
                       {"log_frequency", Texts{"7"}}};
  settings.update("", all);
  settings.update("m", Changes{{"trace_level", Texts{"OFF"}},
                               {"trace_rate", Texts{"8"}},
                               {"trace_count", Texts{"9"}},
                               {"log_frequency", Texts{"10"}}});
  EXPECT_NE(settings.effective("m"), settings.effective());
  const Changes clear = {{"trace_level", std::nullopt}, {"trace_rate", Texts{}},
                         {"trace_count", std::nullopt}, {"log_frequency", Texts{}},
                         {"trace_file", std::nullopt},  {"trace_mode", Texts{}}};
  settings.update("m", clear);
  EXPECT_EQ(settings.effective("m"), settings.effective());
  EXPECT_EQ(settings.effective("m").trace_rate, "5");
  settings.update("", clear);
  EXPECT_EQ(settings.effective("m"), defaults);
  EXPECT_EQ(settings.effective(), defaults);
}

TEST(TraceSettings, RefuseWhatIsNotDoneAndChangeNothing) {
  using enum ErrorCode;
  EXPECT_TRUE(is_refused({{"trace_file", Texts{"x"}}}, unimplemented,
                         "trace file location can not be updated through network protocol"));
  EXPECT_TRUE(is_refused({{"trace_level", Texts{"TENSORS"}}}, unimplemented, "TENSORS"));
  EXPECT_TRUE(is_refused({{"trace_level", Texts{"TIMESTAMPS", "TENSORS"}}}, unimplemented, "TENSORS"));
}

TEST(TraceSettings, RefuseBadValuesAndChangeNothing) {
  using enum ErrorCode;
  EXPECT_TRUE(is_refused({{"trace_level", Texts{"OFF", "TIMESTAMPS"}}}, invalid_argument, "OFF"));
  EXPECT_TRUE(is_refused({{"trace_level", Texts{"TENSORS", "OFF"}}}, invalid_argument, "OFF"));
  EXPECT_TRUE(is_refused({{"trace_level", Texts{"timestamps"}}}, invalid_argument, "\"timestamps\""));
  EXPECT_TRUE(is_refused({{"trace_level", Texts{""}}}, invalid_argument, "trace_level"));
  for (const char* rate : {"0", "-1", "4294967296", "1.5", "x", "", " 1", "1 "}) {
    EXPECT_TRUE(is_refused({{"trace_rate", Texts{rate}}}, invalid_argument, "trace_rate")) << rate;
  }
  for (const char* count : {"-2", "99999999999999999999", "many", ""}) {
    EXPECT_TRUE(is_refused({{"trace_count", Texts{count}}}, invalid_argument, "trace_count")) << count;
  }
  EXPECT_TRUE(is_refused({{"log_frequency", Texts{"-1"}}}, invalid_argument, "log_frequency"));
  EXPECT_TRUE(is_refused({{"trace_mode", Texts{"opentelemetry"}}}, invalid_argument, "\"triton\""));
  for (const char* key : {"trace_rate", "trace_count", "log_frequency", "trace_mode"}) {
    EXPECT_TRUE(is_refused({{key, Texts{"1", "2"}}}, invalid_argument, "2 values")) << key;
  }
}

TEST(TraceSettings, AnUnknownKeyIsAnsweredWithTheKnownOnes) {
  EXPECT_TRUE(is_refused({{"trace_levels", Texts{"OFF"}}}, ErrorCode::invalid_argument,
                         "\"trace_levels\"; expected trace_file, trace_level, trace_rate, trace_count, "
                         "log_frequency, or trace_mode"));
  EXPECT_TRUE(is_refused({{"x\n", std::nullopt}}, ErrorCode::invalid_argument, "\\x0a"));
}

TEST(TraceSettings, ALevelMayBeGivenTwice) {
  TraceSettings settings(kWithFile);
  settings.update("", Changes{{"trace_level", Texts{"TIMESTAMPS", "TIMESTAMPS"}}});
  EXPECT_EQ(settings.effective().trace_level, Texts{"TIMESTAMPS"});
}

TEST(TraceSettings, ALoadedModelFollowsEachChange) {
  TraceSettings settings(kWithFile);
  const auto sampler = settings.sampler("m");
  EXPECT_EQ(settings.sampler("m"), sampler);
  EXPECT_FALSE(sampler->sample());
  settings.update("", Changes{{"trace_level", Texts{"TIMESTAMPS"}}, {"trace_rate", Texts{"1"}}});
  EXPECT_TRUE(sampler->sample());
  EXPECT_TRUE(settings.sampler("loaded later")->sample());
  settings.update("m", Changes{{"trace_level", Texts{"OFF"}}});
  EXPECT_FALSE(sampler->sample());
  EXPECT_TRUE(settings.sampler("other")->sample());
  settings.update("m", Changes{{"trace_level", std::nullopt}});
  EXPECT_TRUE(sampler->sample());
}

TEST(TraceSettings, TheCountIsOfWhatIsStillToCome) {
  TraceSettings settings(kWithFile);
  settings.update(
      "",
      Changes{{"trace_level", Texts{"TIMESTAMPS"}}, {"trace_rate", Texts{"1"}}, {"trace_count", Texts{"2"}}});
  const auto one = settings.sampler("one");
  const auto other = settings.sampler("other");
  EXPECT_TRUE(one->sample());
  EXPECT_EQ(settings.effective().trace_count, "1");
  EXPECT_EQ(settings.effective("other").trace_count, "1") << "the global count is one for all models";
  settings.update("one", Changes{{"trace_count", Texts{"5"}}});
  EXPECT_TRUE(one->sample());
  EXPECT_EQ(settings.effective("one").trace_count, "4");
  settings.update("", Changes{{"trace_rate", Texts{"1"}}});
  EXPECT_EQ(settings.effective().trace_count, "1") << "another setting leaves it";
  EXPECT_TRUE(other->sample());
  EXPECT_FALSE(other->sample());
  settings.update("", Changes{{"trace_count", std::nullopt}});
  EXPECT_TRUE(other->sample());
}

TEST(TraceSettings, AModelsSettingOutlivesItsUnload) {
  TraceSettings settings(kWithFile);
  settings.update("m", Changes{{"trace_level", Texts{"TIMESTAMPS"}}, {"trace_rate", Texts{"1"}}});
  settings.sampler("m").reset();
  settings.sampler("n").reset();
  EXPECT_TRUE(settings.sampler("m")->sample());
}

TEST(TraceSettings, WithoutAFileNothingIsTraced) {
  TraceSettings settings;
  const auto sampler = settings.sampler("m");
  settings.update("", Changes{{"trace_level", Texts{"TIMESTAMPS"}}, {"trace_rate", Texts{"1"}}});
  EXPECT_EQ(settings.effective().trace_level, Texts{"TIMESTAMPS"});
  EXPECT_FALSE(sampler->sample());
}

TEST(TraceSettingsThreads, ModelsComeAndGoAndTraceWhileSettingsChange) {
  TraceSettings settings(kWithFile);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, name = "m" + std::to_string(i)] {
      for (int round = 0; round < 200; ++round) {
        const auto sampler = settings.sampler(name);
        static_cast<void>(sampler->sample());
        EXPECT_EQ(settings.effective(name).trace_mode, "triton");
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 200; ++round) {
      settings.update(round % 3 == 0 ? "m1" : "",
                      Changes{{"trace_level", Texts{round % 2 == 0 ? "TIMESTAMPS" : "OFF"}},
                              {"trace_rate", Texts{std::to_string(round % 5 + 1)}},
                              {"trace_count", Texts{std::to_string(round)}}});
    }
  });
  threads.clear();
  EXPECT_EQ(settings.effective().trace_rate, "5");
}

}  // namespace
}  // namespace onda::telemetry
