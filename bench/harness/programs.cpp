#include "bench/harness/programs.h"

#include "base/shared_library.h"

namespace onda::bench {

std::filesystem::path program_directory() { return base::program_file().parent_path(); }

std::string runtime_library() { return program_directory() / "libonnxruntime.so.1"; }

std::string onda_program() { return program_directory() / "onda"; }

std::string helper_program(const std::string& name) { return program_directory() / "bench" / name; }

}  // namespace onda::bench
