#include "bench/harness/model_inputs.h"

#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>

namespace onda::bench {

std::filesystem::path models_directory() {
  const char* named = std::getenv("ONDA_BENCH_MODELS");
  return named != nullptr && *named != '\0' ? named : "build/models";
}

std::filesystem::path model_file(const std::string& name) {
  auto file = models_directory() / name;
  if (!std::filesystem::exists(file)) {
    throw std::runtime_error(file.string() + " is missing; make bench writes it");
  }
  return file;
}

std::vector<float> seeded_values(std::size_t count) {
  std::mt19937 random(0);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

std::filesystem::path write_npy(const std::filesystem::path& file, const std::vector<std::int64_t>& shape) {
  std::string dims;
  std::size_t count = 1;
  for (const std::int64_t dim : shape) {
    dims += std::to_string(dim) + ", ";
    count *= static_cast<std::size_t>(dim);
  }
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + dims + "), }";
  // The data begin at a multiple of 64; 10 bytes stand before the header.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  const auto values = seeded_values(count);
  std::ofstream stream(file, std::ios::binary);
  stream.write("\x93NUMPY\x01\x00", 8);
  stream.put(static_cast<char>(header.size() & 0xFF));
  stream.put(static_cast<char>(header.size() >> 8));
  stream << header;
  stream.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(count * sizeof(float)));
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
  return file;
}

}  // namespace onda::bench
