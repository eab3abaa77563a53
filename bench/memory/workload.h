#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace onda::bench {

/// A load that varies: sizes of the dynamic dimensions, run by run.
struct Workload {
  std::string model;                           ///< below `models_directory()`
  std::vector<std::int64_t> largest;           ///< the spike
  std::vector<std::vector<std::int64_t>> mix;  ///< with the spike in its middle
  std::vector<std::int64_t> smallest;          ///< what comes after the mix
  int after = 40;                              ///< runs of `smallest`
  double items(const std::vector<std::int64_t>& sizes) const;
};

/// "resnet50": batches drawn from 1 to 16, 40 of them, and one of 32. "transformer": one sequence of 8 to 512
/// tokens at a time, 100 of them, and one batch of four with 512. Seeded: the same each time. Throws
/// std::invalid_argument for another name.
[[nodiscard]] Workload workload(const std::string& name);

}  // namespace onda::bench
