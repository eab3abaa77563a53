#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "conformance/tensor_comparison.h"
#include "onda/runtime.h"
#include "onda/session.h"

namespace onda::test {

/// Where Debian's package libonnx-testdata puts ONNX's backend tests: a folder for each suite ("node",
/// "simple", …), in it one for each case, with a model and its data sets.
[[nodiscard]] std::filesystem::path onnx_test_data();

/// The folders of a suite's cases that hold a model, by name.
[[nodiscard]] std::vector<std::filesystem::path> backend_cases(const std::string& suite);

/// The inputs and the expected outputs of one run, in the model's order.
struct DataSet {
  std::string name;
  std::vector<NamedTensor> inputs;
  std::vector<NamedTensor> outputs;
};

/// The data sets of a case as its session takes them. Throws unimplemented where one holds a value that is no
/// tensor.
[[nodiscard]] std::vector<DataSet> data_sets(const std::filesystem::path& folder, const Session& session);

/// Runs all data sets of the case. Empty when every output is as expected, else what went wrong first.
[[nodiscard]] std::string run_backend_case(const Runtime& runtime, const std::filesystem::path& folder,
                                           const Tolerance& tolerance = {},
                                           MemoryStrategy memory = MemoryStrategy::recycling);

}  // namespace onda::test
