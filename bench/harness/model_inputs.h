#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace onda::bench {

/// The directory with the models that `make bench` writes: $ONDA_BENCH_MODELS, else build/models.
[[nodiscard]] std::filesystem::path models_directory();

/// The model of that name there. Throws std::runtime_error that says how to make it.
[[nodiscard]] std::filesystem::path model_file(const std::string& name);

/// `count` numbers from a standard normal distribution, the same ones each time.
[[nodiscard]] std::vector<float> seeded_values(std::size_t count);

/// Writes `seeded_values` of that shape as NumPy's float32 array; returns the file.
std::filesystem::path write_npy(const std::filesystem::path& file, const std::vector<std::int64_t>& shape);

}  // namespace onda::bench
