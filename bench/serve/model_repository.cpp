#include "bench/serve/model_repository.h"

#include <fstream>
#include <stdexcept>

#include "bench/harness/model_inputs.h"
#include "bench/harness/report.h"

namespace onda::bench {

namespace fs = std::filesystem;

ModelRepository::ModelRepository(const std::string& name)
    : directory_(fs::absolute(output_directory()) / "repositories" / name) {
  fs::remove_all(directory_);
  fs::create_directories(directory_);
}

void ModelRepository::add(const std::string& model, const std::string& file, const std::string& config) {
  const fs::path version = directory_ / model / "1";
  fs::create_directories(version);
  const fs::path source = model_file(file);
  std::error_code no_link;
  fs::create_hard_link(source, version / "model.onnx", no_link);
  if (no_link) fs::copy_file(source, version / "model.onnx");
  if (config.empty()) return;
  std::ofstream stream(directory_ / model / "config.pbtxt");
  stream << config;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write the config of " + model);
}

}  // namespace onda::bench
