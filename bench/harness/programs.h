#pragma once

#include <filesystem>
#include <string>

namespace onda::bench {

/// The directory of this program, where `onda` and ONNX Runtime's library are too.
[[nodiscard]] std::filesystem::path program_directory();

/// ONNX Runtime's library as `onda` finds it there.
[[nodiscard]] std::string runtime_library();

/// `onda` itself.
[[nodiscard]] std::string onda_program();

/// A program that a benchmark starts: bare_NAME in C, or load_sessions.
[[nodiscard]] std::string helper_program(const std::string& name);

}  // namespace onda::bench
