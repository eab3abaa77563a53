#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "onda/session.h"
#include "serving/class_ranking.h"

namespace onda::cli {

/// The best classes of one row of an output.
struct Ranking {
  std::size_t row = 0;  ///< of a batch
  std::vector<serving::RankedClass> classes;
};

/// What one run gave.
struct RunResult {
  std::string input;                 ///< the file's name as it was given; empty where there was none
  std::vector<NamedTensor> outputs;  ///< those to show
  std::vector<Ranking> rankings;
  std::vector<std::chrono::duration<double>> times;  ///< of each repetition
  std::vector<std::string> files;                    ///< written
};

/// What `onda run` shows at its end.
struct RunReport {
  std::string model;
  std::string device;
  PreparedState prepared = PreparedState::off;
  std::vector<std::string> labels;
  bool is_ranking = false;
  bool are_probabilities = false;
  std::vector<RunResult> runs;
};

/// A ranked table, or a summary of each output; then the files written and, where there are several, the
/// times.
[[nodiscard]] std::string run_text(const RunReport& report);
/// {"model", "device", "prepared", "runs": [{"input", "top" or "outputs", "seconds", "files"}]}
[[nodiscard]] std::string run_json(const RunReport& report);

}  // namespace onda::cli
