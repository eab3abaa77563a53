// Usage: record_trace MODEL SIZE... > FILE.trace
//
// Records what ONNX Runtime asks of an allocator in one run of a model, with its memory pattern off:
// registers an allocator of its own that writes each call down. SIZE… are those of the inputs' dynamic
// dimensions, by their names in order of first use (batch, then sequence). All inputs are zeros.

#include <onnxruntime_c_api.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <map>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/memory/plain_session.h"

namespace onda::bench {
namespace {

/// An allocator in the form that ONNX Runtime wants. `OrtAllocator` first: its functions get a pointer to it.
struct Recorder : OrtAllocator {
  const OrtMemoryInfo* memory_info = nullptr;
  std::mutex mutex;
  std::map<void*, std::size_t> numbers;
  std::size_t next = 0;
  bool is_recording = false;

  void* take(std::size_t bytes) {
    constexpr std::size_t kAlignment = 64;
    void* block = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
    if (block == nullptr) throw std::bad_alloc();
    const std::lock_guard lock(mutex);
    if (!is_recording) return block;
    numbers[block] = next++;
    std::cout << "a " << bytes << '\n';
    return block;
  }
  void give_back(void* block) {
    {
      const std::lock_guard lock(mutex);
      const auto found = numbers.find(block);
      if (found != numbers.end()) {
        std::cout << "f " << found->second << '\n';
        numbers.erase(found);
      }
    }
    std::free(block);
  }
};

void register_recorder(const OrtApi& api, OrtEnv* env, Recorder& recorder) {
  static_cast<OrtAllocator&>(recorder) = OrtAllocator{};
  recorder.version = ORT_API_VERSION;
  recorder.Alloc = [](OrtAllocator* self, std::size_t bytes) -> void* {
    return bytes == 0 ? nullptr : static_cast<Recorder*>(self)->take(bytes);
  };
  recorder.Reserve = recorder.Alloc;
  recorder.Free = [](OrtAllocator* self, void* block) { static_cast<Recorder*>(self)->give_back(block); };
  recorder.Info = [](const OrtAllocator* self) { return static_cast<const Recorder*>(self)->memory_info; };
  OrtMemoryInfo* info = nullptr;
  must(api, api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &info));
  recorder.memory_info = info;
  must(api, api.RegisterAllocator(env, &recorder));
}

void record(std::span<char*> arguments) {
  if (arguments.size() < 3) throw std::invalid_argument("usage: record_trace MODEL SIZE...");
  const PlainRuntime runtime;
  // As long as the process: what it gave out may be given back at the very end.
  auto& recorder = *new Recorder();
  register_recorder(runtime.api(), runtime.env(), recorder);
  PlainSession session(runtime, arguments[1],
                       {.memory_pattern = false, .config = {{"session.use_env_allocators", "1"}}});
  std::vector<std::int64_t> sizes;
  for (const char* size : arguments.subspan(2)) sizes.push_back(std::atoll(size));
  std::cout << "# " << std::filesystem::path(arguments[1]).filename().string() << ", dynamic dimensions";
  for (const auto size : sizes) std::cout << ' ' << size;
  std::cout << ", ONNX Runtime " << runtime.version() << '\n';
  recorder.is_recording = true;
  session.run(sizes);
  recorder.is_recording = false;
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    onda::bench::record({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "record_trace: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
