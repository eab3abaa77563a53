#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "conformance/backend_case.h"
#include "conformance/case_list.h"
#include "conformance/english_locale.h"
#include "support/paths.h"
#include "support/runtime.h"

namespace onda {
namespace {

constexpr std::string_view kListedVersion = "1.29.";

// Of the cases of one suite; a suite without a list has none.
std::map<std::string, std::string> list_of(const std::string& suite, const std::string& kind) {
  const auto file = test::source_dir() / "tests/conformance" / ("onnx_" + suite + "_" + kind + ".txt");
  if (!std::filesystem::exists(file)) return {};
  return test::read_case_list(file);
}

// "1e-3, why": the absolute tolerance of one case.
test::Tolerance tolerance_of(const std::string& text) {
  test::Tolerance tolerance;
  tolerance.absolute = std::stod(text);
  return tolerance;
}

class OnnxBackend : public testing::TestWithParam<std::tuple<const char*, MemoryStrategy>> {
 protected:
  static void SetUpTestSuite() { locale_ = std::make_unique<test::EnglishLocale>(); }
  static void TearDownTestSuite() { locale_.reset(); }

 private:
  static inline std::unique_ptr<test::EnglishLocale> locale_;
};

/// The standard's own cases through our library: each passes or stands in the list of exceptions, and none
/// that is listed passes.
TEST_P(OnnxBackend, EveryCasePassesOrIsListedWithItsReason) {
  const std::string suite = std::get<0>(GetParam());
  const MemoryStrategy memory = std::get<1>(GetParam());
  auto exceptions = list_of(suite, "exceptions");
  auto tolerances = list_of(suite, "tolerances");
  const auto cases = test::backend_cases(suite);
  ASSERT_FALSE(cases.empty()) << "no cases below " << test::onnx_test_data() / suite;
  const Runtime runtime = test::runtime();
  const bool is_listed_version = runtime.info().version.starts_with(kListedVersion);
  std::size_t passed = 0;
  std::size_t by_shape_alone = 0;
  std::map<std::string, std::size_t> reasons;
  for (const auto& folder : cases) {
    const std::string name = folder.filename().string();
    const auto listed = tolerances.extract(name);
    const test::Tolerance tolerance = listed.empty() ? test::Tolerance() : tolerance_of(listed.mapped());
    const std::string failure = test::run_backend_case(runtime, folder, tolerance, memory);
    const auto exception = exceptions.extract(name);
    if (failure.empty()) {
      ++passed;
      if (std::isinf(tolerance.absolute)) ++by_shape_alone;
      EXPECT_TRUE(exception.empty() || !is_listed_version)
          << name << " passes, but is listed: " << exception.mapped();
    } else if (exception.empty()) {
      ADD_FAILURE() << name << ": " << failure;
    } else {
      ++reasons[exception.mapped()];
    }
  }
  for (const auto& [name, reason] : exceptions)
    ADD_FAILURE() << name << " is listed, but there is no such case";
  for (const auto& [name, text] : tolerances)
    ADD_FAILURE() << name << " has a tolerance, but there is no such case";
  std::cout << "counted: ONNX backend tests, " << suite << ", memory " << to_string(memory)
            << ", ONNX Runtime " << runtime.info().version << ": " << cases.size() << " cases, " << passed
            << " passed (" << by_shape_alone << " random ones by dtype and shape alone), "
            << cases.size() - passed << " not, each for a listed reason\n";
  for (const auto& [reason, count] : reasons) std::cout << "  " << count << " x " << reason << "\n";
}

INSTANTIATE_TEST_SUITE_P(Suites, OnnxBackend,
                         testing::Combine(testing::Values("node", "simple", "pytorch-operator",
                                                          "pytorch-converted"),
                                          testing::Values(MemoryStrategy::recycling, MemoryStrategy::arena)),
                         [](const auto& instance) {
                           std::string name = std::get<0>(instance.param);
                           std::ranges::replace(name, '-', '_');
                           return name + '_' + std::string(to_string(std::get<1>(instance.param)));
                         });

}  // namespace
}  // namespace onda
