#pragma once

#include <filesystem>
#include <string>

#include "onda/runtime.h"
#include "support/paths.h"

namespace onda::test {

/// The process's runtime, with the library that the build put beside the test programs (or
/// $ONDA_ONNXRUNTIME).
[[nodiscard]] inline Runtime runtime() { return Runtime::initialize(); }

/// One of the small models that the repository holds (tests/data/models/README.md says what each is).
[[nodiscard]] inline std::filesystem::path model_path(const std::string& name) {
  return source_dir() / "tests" / "data" / "models" / name;
}

}  // namespace onda::test
