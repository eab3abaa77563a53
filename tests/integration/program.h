#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/run_process.h"

namespace onda::test {

/// Runs the program of this build with `arguments`. No ONDA_ variable reaches it but what `options` sets,
/// the cache's directory, and which ONNX Runtime the tests are run with.
[[nodiscard]] ProcessResult run_onda(const std::vector<std::string>& arguments, ProcessOptions options = {});

/// The path of tests/data/models/NAME.
[[nodiscard]] std::string test_model(const std::string& name);
/// The path of examples/digits/NAME.
[[nodiscard]] std::string digits(const std::string& name);

/// Succeeds when the program ended with 1 (or `exit_code`), wrote nothing to standard output, and exactly one
/// line to standard error, which begins with "onda: error: " and holds all of `parts`.
[[nodiscard]] testing::AssertionResult failed_clearly(const ProcessResult& result,
                                                      const std::vector<std::string>& parts,
                                                      int exit_code = 1);

/// Succeeds when the program ended with 0 and wrote nothing to standard error.
[[nodiscard]] testing::AssertionResult succeeded(const ProcessResult& result);

[[nodiscard]] std::string read_text(const std::filesystem::path& file);

}  // namespace onda::test
