#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/backend_case.h"
#include "conformance/case_list.h"
#include "conformance/english_locale.h"
#include "onda/error.h"
#include "onda/prepared_model.h"
#include "support/paths.h"
#include "support/runtime.h"
#include "support/temp_directory.h"
#include "support/tensor_matchers.h"

namespace onda {
namespace {

bool is_random(const std::map<std::string, std::string>& tolerances, const std::string& name) {
  const auto found = tolerances.find(name);
  return found != tolerances.end() && std::isinf(std::stod(found->second));
}

SessionOptions options_for(const std::filesystem::path& cache) {
  SessionOptions options;
  options.intra_op_threads = 1;
  options.log_level = LogLevel::error;
  options.cache_directory = cache;
  options.verification = Verification::structure;
  return options;
}

std::vector<NamedTensor> run(const Session& session, const test::DataSet& set) {
  std::vector<NamedView> inputs;
  for (const NamedTensor& input : set.inputs) inputs.push_back({input.name, input.tensor.view()});
  return session.run(inputs);
}

std::string difference(const Session& plain, const Session& prepared,
                       const std::vector<test::DataSet>& sets) {
  for (const test::DataSet& set : sets) {
    const auto expected = run(plain, set);
    const auto actual = run(prepared, set);
    if (actual.size() != expected.size()) return "another number of outputs";
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (actual[i].name != expected[i].name) return "output " + actual[i].name + " for " + expected[i].name;
      const auto same = test::same_tensor(expected[i].tensor, actual[i].tensor);
      if (!same) return "output " + expected[i].name + ": " + same.message();
    }
  }
  return {};
}

// A case that runs, with what it is run on.
struct PlainCase {
  Session session;
  std::vector<test::DataSet> sets;
};

// Empty for a case that does not run: the test of the plain models lists it with the reason.
std::optional<PlainCase> open_plain(const Runtime& runtime, const std::filesystem::path& model,
                                    const SessionOptions& options) {
  try {
    PlainCase plain = {Session::open(runtime, model, options), {}};
    plain.sets = test::data_sets(model.parent_path(), plain.session);
    for (const test::DataSet& set : plain.sets) run(plain.session, set);
    return plain;
  } catch (const Error&) {
    return std::nullopt;
  }
}

class PreparedOnnxBackend : public testing::Test {
 protected:
  static void SetUpTestSuite() { locale_ = std::make_unique<test::EnglishLocale>(); }
  static void TearDownTestSuite() { locale_.reset(); }

  Session open_prepared(const std::filesystem::path& model) {
    PreparedModels cache(cache_.path());
    SessionOptions options = options_for(cache_.path());
    cache.warm(runtime_, model, options);
    options.preparation = Preparation::use;
    Session session = Session::open(runtime_, model, options);
    // What is open stays mapped; each further entry would be read by each further `warm`.
    cache.clear();
    return session;
  }

  const Runtime runtime_ = test::runtime();
  const std::map<std::string, std::string> tolerances_ =
      test::read_case_list(test::source_dir() / "tests/conformance/onnx_node_tolerances.txt");
  test::TempDirectory cache_;

 private:
  static inline std::unique_ptr<test::EnglishLocale> locale_;
};

/// Over all cases that run: the model can be prepared, and answers bit by bit what the plain one does.
TEST_F(PreparedOnnxBackend, EveryPreparedModelAnswersAsThePlainOne) {
  std::size_t identical = 0;
  std::size_t random = 0;
  for (const std::string suite : {"node", "simple", "pytorch-operator", "pytorch-converted"}) {
    for (const auto& folder : test::backend_cases(suite)) {
      const auto model = folder / "model.onnx";
      const auto plain = open_plain(runtime_, model, options_for(cache_.path()));
      if (!plain) continue;
      SCOPED_TRACE(folder.filename().string());
      try {
        const Session prepared = open_prepared(model);
        EXPECT_EQ(prepared.prepared(), PreparedState::used);
        if (is_random(tolerances_, folder.filename().string())) {
          ++random;
        } else {
          EXPECT_EQ(difference(plain->session, prepared, plain->sets), "");
          ++identical;
        }
      } catch (const Error& error) {
        ADD_FAILURE() << to_string(error.code()) << ": " << error.what();
      }
    }
  }
  std::cout << "counted: ONNX backend tests, prepared, ONNX Runtime " << runtime_.info().version << ": "
            << identical << " compared, " << random << " random ones opened\n";
  EXPECT_GT(identical, 900U);
}

}  // namespace
}  // namespace onda
