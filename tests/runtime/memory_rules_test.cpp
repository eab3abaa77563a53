// What ONNX Runtime expects of a registered allocator, in processes of their own: there a fault is the end.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "onda/runtime.h"
#include "support/run_process.h"
#include "support/runtime.h"
#include "support/sanitizers.h"

namespace onda::runtime {
namespace {

using test::model_path;

/// The probe's "name=value" lines; a value that comes again is put behind the first.
std::multimap<std::string, std::string> probe(const std::string& program,
                                              const std::vector<std::string>& more,
                                              const test::ProcessOptions& options,
                                              test::ProcessResult& result) {
  std::vector<std::string> argv = {(test::binary_dir() / program).string()};
  argv.insert(argv.end(), more.begin(), more.end());
  result = test::run_process(argv, options);
  std::multimap<std::string, std::string> values;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    const auto sign = line.find('=');
    values.emplace(line.substr(0, sign), sign == std::string::npos ? "" : line.substr(sign + 1));
  }
  return values;
}

std::string first(const std::multimap<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "(none)" : found->second;
}

/// Both programs, the second with a C++ library of its own.
class MemoryProbe : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::binary_dir() / GetParam())) {
      GTEST_SKIP() << GetParam() << " is not built under sanitizers: they want the shared C++ library";
    }
  }
  /// Fails the test where the process did not come to its end.
  std::multimap<std::string, std::string> run(const std::vector<std::string>& more,
                                              const test::ProcessOptions& options = {}) {
    auto values = probe(GetParam(), more, options, result_);
    EXPECT_EQ(result_.exit_code, 0) << "signal " << result_.signal << "\n" << result_.out << result_.err;
    EXPECT_TRUE(values.contains("done")) << result_.out;
    return values;
  }
  static std::string range() { return model_path("range_int64.onnx").string(); }

  test::ProcessResult result_;
};

void expect_only_the_refused_run_ended(const std::multimap<std::string, std::string>& values) {
  EXPECT_EQ(first(values, "small"), "ok");
  for (const auto* name : {"over_budget", "huge"}) {
    const auto text = first(values, name);
    EXPECT_TRUE(text.starts_with("resource_exhausted: ")) << text;
    EXPECT_NE(text.find("budget"), std::string::npos) << text;
    EXPECT_EQ(text.find("bad_alloc"), std::string::npos) << "ONNX Runtime's words: " << text;
  }
  ASSERT_EQ(values.count("after"), 2U);
  for (auto [at, end] = values.equal_range("after"); at != end; ++at) EXPECT_EQ(at->second, "ok");
}

TEST_P(MemoryProbe, Rules7And8ARefusedAllocationEndsTheRunAlone) {
  expect_only_the_refused_run_ended(run({"refuse", range(), "recycling"}));
}

TEST_P(MemoryProbe, Rules7And8HoldWithTheMemoryPattern) {
  expect_only_the_refused_run_ended(run({"refuse", range(), "recycling", "pattern"}));
}

TEST_P(MemoryProbe, Rules7And8HoldUnderParallelExecution) {
  expect_only_the_refused_run_ended(run({"refuse", range(), "recycling", "parallel"}));
}

TEST_P(MemoryProbe, AHugeOutputEndsTheRunAloneUnderTheOtherStrategies) {
  if (test::kAddressSanitizer) GTEST_SKIP() << "the address sanitizer's allocation does not say ENOMEM";
  for (const auto* strategy : {"arena", "system"}) {
    const auto values = run({"refuse", range(), strategy});
    EXPECT_EQ(first(values, "strategy"), strategy);
    EXPECT_EQ(first(values, "over_budget"), "ok") << "there is no budget";
    EXPECT_TRUE(first(values, "huge").starts_with("resource_exhausted: ")) << first(values, "huge");
    for (auto [at, end] = values.equal_range("after"); at != end; ++at) EXPECT_EQ(at->second, "ok");
  }
}

TEST_P(MemoryProbe, ARefusedRunDoesNotTouchTheRunsBesideIt) {
  const auto values = run({"beside", range()});
  EXPECT_EQ(first(values, "refused"), "resource_exhausted");
  EXPECT_EQ(first(values, "served"), "ok");
}

TEST_P(MemoryProbe, Rule9OutputsOutliveSessionAndEnvironment) {
  const auto values = run({"outlive", range()});
  EXPECT_EQ(first(values, "recycles"), "1");
  EXPECT_EQ(first(values, "last"), "99999");
  EXPECT_EQ(first(values, "recycles_again"), "1");
  EXPECT_EQ(first(values, "again"), "ok");
  EXPECT_EQ(first(values, "live"), "0");
}

TEST_P(MemoryProbe, Rule4WhatAHostProgramRegisteredStays) {
  // ONNX Runtime's telemetry, which is on here, leaks 14 bytes that a leak sanitizer sees.
  const auto values = run({"host-first", range(), test::runtime().info().library.string()},
                          {.environment = {{"LSAN_OPTIONS", "detect_leaks=0"}}});
  EXPECT_EQ(first(values, "host_before"), "1");
  EXPECT_EQ(first(values, "recycles"), "0");
  EXPECT_EQ(first(values, "has_allocator"), "0");
  EXPECT_EQ(first(values, "strategy"), "arena");
  EXPECT_EQ(first(values, "run"), "ok");
  EXPECT_EQ(first(values, "hosts_was_used"), "0");
  EXPECT_EQ(first(values, "host_after"), "1");
  EXPECT_EQ(values.count("caveat"), 3U);
  EXPECT_NE(first(values, "log").find("recycling"), std::string::npos) << result_.out;
}

TEST_P(MemoryProbe, WhereOnnxRuntimeRefusesItTheArenaTakesItsPlaceAndItSaysSo) {
  const auto values = run({"refused-registration", range()});
  EXPECT_EQ(first(values, "recycles"), "0");
  EXPECT_EQ(first(values, "strategy"), "arena");
  EXPECT_EQ(values.count("caveat"), 1U);
  // Static libraries are refused before ONNX Runtime is asked.
  if (!std::string(GetParam()).ends_with("static")) {
    EXPECT_NE(first(values, "caveat").find("not today"), std::string::npos) << result_.out;
    EXPECT_NE(first(values, "log").find("not today"), std::string::npos) << result_.out;
  }
  EXPECT_EQ(first(values, "after"), "ok");
}

TEST_P(MemoryProbe, Rule8WhereARefusalWouldEndTheProcessNothingIsRegistered) {
  const bool is_static = std::string(GetParam()).ends_with("static");
  const auto values = run({"own-table", range()});
  EXPECT_EQ(first(values, "recycles"), is_static ? "0" : "1");
  EXPECT_EQ(values.count("caveat"), is_static ? 1U : 0U) << result_.out;
  if (!is_static) {
    EXPECT_TRUE(first(values, "huge").starts_with("resource_exhausted: ")) << first(values, "huge");
  }
  EXPECT_EQ(first(values, "after"), "ok");
}

TEST_P(MemoryProbe, ASessionThatCannotKeepToTheBudgetSaysSoOnce) {
  const auto values = run({"no-budget-kept", model_path("tiny.onnx").string()});
  EXPECT_EQ(values.count("log"), 1U) << result_.out;
  EXPECT_NE(first(values, "log").find("system cannot keep to a budget"), std::string::npos) << result_.out;
}

TEST_P(MemoryProbe, NothingIsRegisteredWhereItIsNotWanted) {
  const auto values = run({"not-registered", model_path("tiny.onnx").string()});
  EXPECT_EQ(first(values, "recycles"), "0");
  EXPECT_EQ(first(values, "caveats"), "0");
  EXPECT_EQ(first(values, "strategy"), "arena");
  EXPECT_EQ(values.count("log"), 0U) << "nobody asked for it: " << result_.out;
}

TEST_P(MemoryProbe, AThousandSessionsLeaveNothingBehind) {
  const auto values = run({"churn", model_path("tiny.onnx").string(), "1000"});
  EXPECT_EQ(first(values, "live"), "0");
  EXPECT_EQ(first(values, "reserved"), "0");
  EXPECT_EQ(first(values, "held_grown"), "0");
  // What is freed stays in the sanitizer's quarantine.
  if (test::kAddressSanitizer) return;
  EXPECT_LE(std::stoull(first(values, "resident_grown_kilobytes")), 2048U);
}

INSTANTIATE_TEST_SUITE_P(Each, MemoryProbe, testing::Values("onda_memory_probe", "onda_memory_probe_static"),
                         [](const auto& which) {
                           return std::string(which.param) == "onda_memory_probe" ? "SharedLibraries"
                                                                                  : "StaticLibraries";
                         });

}  // namespace
}  // namespace onda::runtime
