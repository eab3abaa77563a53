// Started by environment_test.cpp in a process of its own, where nothing has touched ONNX Runtime yet.
// Prints one "name=value" a line.
#include <onnxruntime_c_api.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "base/shared_library.h"
#include "onda/error.h"
#include "onda/session.h"

namespace {

int threads() {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

/// What a host program does that uses ONNX Runtime itself.
void make_environment_first(const std::string& library) {
  const onda::base::SharedLibrary opened(library);
  const auto get_base = reinterpret_cast<const OrtApiBase* (*)()>(opened.symbol("OrtGetApiBase"));
  const OrtApi* api = get_base()->GetApi(ORT_API_VERSION);
  OrtEnv* env = nullptr;
  if (api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "host", &env) != nullptr) std::exit(3);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool host_first = argc > 2 && std::strcmp(argv[2], "host-first") == 0;
    if (host_first) make_environment_first(argv[3]);
    const int before = threads();
    const auto runtime = onda::Runtime::initialize();
    std::cout << "threads_made=" << threads() - before << "\n";
    std::cout << "owns_environment=" << runtime.info().owns_environment << "\n";
    std::cout << "caveats=" << runtime.info().caveats.size() << "\n";
    const char* telemetry = std::getenv("ORT_DISABLE_TELEMETRY");
    std::cout << "telemetry_variable=" << (telemetry == nullptr ? "unset" : telemetry) << "\n";
    const auto session = onda::Session::open(runtime, argv[1], {.intra_op_threads = 1});
    const float x[64] = {};
    static_cast<void>(session.run(onda::TensorView::of<float>({1, 64}, std::span<const float>(x))));
    std::cout << "threads_after_run=" << threads() << "\n";
    return 0;
  } catch (const onda::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
