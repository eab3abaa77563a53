#include "conformance/backend_case.h"

#include <algorithm>
#include <span>

#include "base/files.h"
#include "conformance/test_data.h"
#include "onda/error.h"
#include "tensor/tensor_proto.h"

namespace onda::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFileLimit = std::uint64_t{256} << 20U;

std::vector<fs::path> folders_in(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && entry.path().filename().string().starts_with(prefix))
      found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// A tensor of the file as the model declares it. The package's files hold bfloat16 as uint16, for which NumPy
// has a name.
Tensor as_declared(Tensor tensor, DType declared) {
  if (tensor.dtype() != DType::uint16 || declared != DType::bfloat16) return tensor;
  return Tensor::copy_of(TensorView(DType::bfloat16, tensor.shape(), tensor.bytes()));
}

// input_0.pb, input_1.pb, … as the values that the model declares. Files carry a name, but not always the
// model's.
std::vector<NamedTensor> values_in(const fs::path& folder, const std::string& prefix,
                                   std::span<const ValueInfo> declared) {
  std::vector<NamedTensor> values;
  for (std::size_t index = 0;; ++index) {
    const fs::path path = folder / (prefix + "_" + std::to_string(index) + ".pb");
    if (!fs::exists(path)) return values;
    if (index >= declared.size()) {
      throw Error(ErrorCode::failed_precondition, path.filename().string() + ": the model has no such value");
    }
    if (declared[index].kind != ValueKind::tensor) {
      throw Error(ErrorCode::unimplemented,
                  std::string(to_string(declared[index].kind)) + " value " + declared[index].name);
    }
    tensor::NamedTensorProto read = tensor::read_tensor_proto(base::read_file(path, kFileLimit));
    const bool is_known =
        std::ranges::any_of(declared, [&](const ValueInfo& info) { return info.name == read.name; });
    values.push_back({is_known ? read.name : declared[index].name,
                      as_declared(std::move(read.tensor), declared[index].dtype)});
  }
}

std::string run_data_set(const Session& session, const DataSet& set, const Tolerance& tolerance) {
  std::vector<NamedView> inputs;
  for (const NamedTensor& input : set.inputs) inputs.push_back({input.name, input.tensor.view()});
  const std::vector<NamedTensor> actual = session.run(inputs);
  for (const NamedTensor& expected : set.outputs) {
    const auto found = std::ranges::find(actual, expected.name, &NamedTensor::name);
    if (found == actual.end()) return "there is no output " + expected.name;
    const std::string wrong = difference(expected.tensor, found->tensor, tolerance);
    if (!wrong.empty()) return "output " + expected.name + ": " + wrong;
  }
  return {};
}

}  // namespace

fs::path onnx_test_data() { return kOnnxTestData; }

std::vector<fs::path> backend_cases(const std::string& suite) {
  std::vector<fs::path> cases = folders_in(onnx_test_data() / suite, "test_");
  std::erase_if(cases, [](const fs::path& folder) { return !fs::exists(folder / "model.onnx"); });
  return cases;
}

std::vector<DataSet> data_sets(const fs::path& folder, const Session& session) {
  std::vector<DataSet> sets;
  for (const fs::path& path : folders_in(folder, "test_data_set_")) {
    sets.push_back({path.filename().string(), values_in(path, "input", session.inputs()),
                    values_in(path, "output", session.outputs())});
  }
  return sets;
}

std::string run_backend_case(const Runtime& runtime, const fs::path& folder, const Tolerance& tolerance,
                             MemoryStrategy memory) {
  try {
    SessionOptions options;
    options.intra_op_threads = 1;
    options.log_level = LogLevel::error;
    options.memory = memory;
    const Session session = Session::open(runtime, folder / "model.onnx", options);
    const std::vector<DataSet> sets = data_sets(folder, session);
    if (sets.empty()) return "the case has no data";
    for (const DataSet& set : sets) {
      if (set.outputs.empty()) return set.name + " expects no output";
      const std::string wrong = run_data_set(session, set, tolerance);
      if (!wrong.empty()) return set.name + ": " + wrong;
    }
    return {};
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

}  // namespace onda::test
