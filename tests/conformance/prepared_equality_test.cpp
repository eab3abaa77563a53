#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "conformance/backend_case.h"
#include "conformance/case_list.h"
#include "conformance/english_locale.h"
#include "onda/error.h"
#include "onda/prepared_model.h"
#include "runtime/environment.h"
#include "support/paths.h"
#include "support/prepared_form.h"
#include "support/runtime.h"
#include "support/temp_directory.h"
#include "support/tensor_matchers.h"

namespace onda {
namespace {

constexpr std::string_view kListedVersion = "1.29.";

/// What a call gave, or the error that it ended with.
template <class T>
struct Attempt {
  std::optional<T> value;
  std::string error;
};

template <class Call>
auto attempt(Call&& call) -> Attempt<decltype(call())> {
  try {
    return {std::forward<Call>(call)(), {}};
  } catch (const Error& error) {
    return {{}, std::string(to_string(error.code())) + ": " + error.what()};
  }
}

/// What a list says of a model that draws random numbers from no seed of its own. ONNX Runtime makes one of
/// the process's and the node's number, which the external form does not keep.
constexpr std::string_view kDrawsAnew = "draws anew";

// Of the cases of one suite: the text that ONNX Runtime gives when it cannot save the model.
std::map<std::string, std::string> exceptions_of(const std::string& suite, runtime::PreparedForm form) {
  const auto* list =
      form == runtime::PreparedForm::ort ? "prepared_exceptions.txt" : "prepared_exceptions_external.txt";
  std::map<std::string, std::string> mine;
  for (auto& [name, text] : test::read_case_list(test::source_dir() / "tests/conformance" / list)) {
    if (name.starts_with(suite + "/")) mine.emplace(name.substr(suite.size() + 1), text);
  }
  return mine;
}

struct Counts {
  std::size_t equal = 0;
  std::size_t not_prepared = 0;
  std::size_t not_opened = 0;
  std::size_t not_fed = 0;
  std::size_t failed_alike = 0;
  std::size_t drawn_anew = 0;
};

/// The standard's own cases in two forms. Which of them pass is onnx_backend_test.cpp's question (what is not
/// opened or fed here stands in its lists); here both forms have to do the same, to the byte.
class PreparedEquality : public testing::TestWithParam<std::tuple<const char*, runtime::PreparedForm>> {
 protected:
  static void SetUpTestSuite() { locale_ = std::make_unique<test::EnglishLocale>(); }
  static void TearDownTestSuite() { locale_.reset(); }

  PreparedEquality() {
    RuntimeOptions options;
    options.log = [this](LogLevel, std::string_view line) { log_ += std::string(line) + "\n"; };
    runtime_.emplace(test::runtime_preparing(std::get<1>(GetParam()), options));
  }

  [[nodiscard]] Session open(const std::filesystem::path& folder, Preparation preparation) const {
    SessionOptions options;
    options.intra_op_threads = 1;
    options.log_level = LogLevel::error;
    options.preparation = preparation;
    options.verification = Verification::structure;
    options.cache_directory = cache_.path();
    return Session::open(*runtime_, folder / "model.onnx", options);
  }

  void compare(const std::filesystem::path& folder);
  void compare_runs(const std::filesystem::path& folder, const Session& plain, const Session& prepared);
  void expect_listed_reason(const std::string& name);

  test::TempDirectory cache_;
  std::optional<Runtime> runtime_;
  std::string log_;
  std::map<std::string, std::string> exceptions_;
  Counts counts_;

 private:
  static inline std::unique_ptr<test::EnglishLocale> locale_;
};

void PreparedEquality::compare(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  PreparedModels(cache_.path()).clear();
  const auto plain = attempt([&] { return open(folder, Preparation::off); });
  log_.clear();
  const auto prepared = attempt([&] { return open(folder, Preparation::make); });
  EXPECT_EQ(prepared.error, plain.error) << name;
  if (!plain.value || !prepared.value) {
    ++counts_.not_opened;
    return;
  }
  if (prepared.value->prepared() != PreparedState::used) return expect_listed_reason(name);
  const auto listed = exceptions_.extract(name);
  if (!listed.empty() && listed.mapped() == kDrawsAnew) {
    ++counts_.drawn_anew;
    return;
  }
  EXPECT_TRUE(listed.empty() || !test::runtime().info().version.starts_with(kListedVersion))
      << name << " can be prepared, but is listed";
  compare_runs(folder, *plain.value, *prepared.value);
}

void PreparedEquality::expect_listed_reason(const std::string& name) {
  ++counts_.not_prepared;
  const auto listed = exceptions_.extract(name);
  if (listed.empty()) {
    ADD_FAILURE() << name << " cannot be prepared: " << log_;
    return;
  }
  EXPECT_NE(log_.find(listed.mapped()), std::string::npos)
      << name << " is listed as \"" << listed.mapped() << "\", but the reason is: " << log_;
}

void PreparedEquality::compare_runs(const std::filesystem::path& folder, const Session& plain,
                                    const Session& prepared) {
  const std::string name = folder.filename().string();
  const auto sets = attempt([&] { return test::data_sets(folder, plain); });
  if (!sets.value) {
    ++counts_.not_fed;
    return;
  }
  bool has_run = false;
  for (const auto& set : *sets.value) {
    std::vector<NamedView> inputs;
    for (const NamedTensor& input : set.inputs) inputs.push_back({input.name, input.tensor.view()});
    const auto a = attempt([&] { return plain.run(inputs); });
    const auto b = attempt([&] { return prepared.run(inputs); });
    ASSERT_EQ(a.value.has_value(), b.value.has_value()) << name << ": " << a.error << b.error;
    if (!a.value) continue;
    has_run = true;
    ASSERT_EQ(a.value->size(), b.value->size()) << name;
    for (std::size_t i = 0; i < a.value->size(); ++i) {
      const TensorView x = (*a.value)[i].tensor.view();
      const TensorView y = (*b.value)[i].tensor.view();
      EXPECT_TRUE(test::same_tensor(x, y)) << name << ": " << (*a.value)[i].name;
    }
  }
  ++(has_run ? counts_.equal : counts_.failed_alike);
}

TEST_P(PreparedEquality, EveryModelAnswersTheSameOrIsListedWithItsReason) {
  const auto [name_of_suite, form] = GetParam();
  const std::string suite = name_of_suite;
  const auto cases = test::backend_cases(suite);
  ASSERT_FALSE(cases.empty()) << "no cases below " << test::onnx_test_data() / suite;
  exceptions_ = exceptions_of(suite, form);
  for (const auto& folder : cases) compare(folder);
  for (const auto& [name, reason] : exceptions_)
    ADD_FAILURE() << name << " is listed, but there is no such case";
  std::cout << "counted: ONNX backend tests, " << suite << ", prepared beside plain (" << test::name_of(form)
            << "), ONNX Runtime " << test::runtime().info().version << ": " << cases.size() << " models, "
            << counts_.equal << " with equal outputs, " << counts_.failed_alike << " that fail alike, "
            << counts_.not_fed << " whose values are no tensors, " << counts_.not_prepared
            << " that cannot be prepared, " << counts_.not_opened << " that neither form opens, "
            << counts_.drawn_anew << " that draw other random numbers\n";
}

INSTANTIATE_TEST_SUITE_P(Suites, PreparedEquality,
                         testing::Combine(testing::Values("node", "simple", "pytorch-operator",
                                                          "pytorch-converted"),
                                          testing::ValuesIn(test::kPreparedForms)),
                         [](const auto& instance) {
                           std::string name = std::get<0>(instance.param);
                           std::ranges::replace(name, '-', '_');
                           return name + test::name_of(std::get<1>(instance.param));
                         });

}  // namespace
}  // namespace onda
