#include "bench/memory/workload.h"

#include <random>
#include <stdexcept>

namespace onda::bench {

double Workload::items(const std::vector<std::int64_t>& sizes) const {
  double items = 1;
  for (const auto size : sizes) items *= static_cast<double>(size);
  return items;
}

Workload workload(const std::string& name) {
  std::mt19937 random(0);
  Workload load;
  if (name == "resnet50") {
    load = {.model = "resnet50.onnx", .largest = {32}, .mix = {}, .smallest = {1}};
    std::uniform_int_distribution<std::int64_t> batch(1, 16);
    for (int i = 0; i < 40; ++i) load.mix.push_back({batch(random)});
  } else if (name == "transformer") {
    load = {.model = "transformer.onnx", .largest = {4, 512}, .mix = {}, .smallest = {1, 8}};
    std::uniform_int_distribution<std::int64_t> length(8, 512);
    for (int i = 0; i < 100; ++i) load.mix.push_back({1, length(random)});
  } else {
    throw std::invalid_argument("there is no workload \"" + name + "\"; resnet50 and transformer are");
  }
  load.mix.insert(load.mix.begin() + static_cast<std::ptrdiff_t>(load.mix.size() / 2), load.largest);
  return load;
}

}  // namespace onda::bench
