#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness/statistics.h"

namespace onda::bench {

/// What a row must reach: its ratio to the reference, or its own value.
struct Goal {
  enum class Of { ratio, value };
  enum class Bound { at_most, at_least };
  Of of = Of::ratio;
  Bound bound = Bound::at_most;
  double limit = 0;
  bool of_median = false;  ///< judged by the median, not by the worse end of the interval
};

/// One line of a benchmark's table.
struct Row {
  std::string name = {};
  double value = 0;
  std::string unit = {};
  std::string reference = {};        ///< what it is compared with; empty for none
  std::optional<double> ratio = {};  ///< of the value to the reference's
  double ci_low = 0;   ///< 95 % interval: of the value where the goal is of the value or there is no ratio,
  double ci_high = 0;  ///< of the ratio otherwise
  std::size_t samples = 0;
  std::optional<Goal> goal = {};
};

/// Whether the worse end of the interval (the median, where the goal says so) meets the goal; empty without
/// one.
[[nodiscard]] std::optional<bool> is_met(const Row& row);

/// "ratio <= 0.2", "value >= 10 us"; empty without a goal.
[[nodiscard]] std::string goal_text(const Row& row);

/// What the machine and the software were.
struct Circumstances {
  std::string commit;
  std::string cpu;
  int cores = 0;
  std::string onnxruntime;
};

/// Those of this process; `onnxruntime` is the version in use.
[[nodiscard]] Circumstances present_circumstances(std::string onnxruntime);

/// A row of what is timed against a reference: value is the median, the ratio that of the pairs.
[[nodiscard]] Row ratio_row(std::string name, std::string unit, std::string reference,
                            const Comparison& comparison, std::optional<Goal> goal);

/// A row of what something costs more than a reference: value is the difference.
[[nodiscard]] Row difference_row(std::string name, std::string unit, std::string reference,
                                 const Comparison& comparison, std::optional<Goal> goal);

/// A row of a value, with the median of a reference where there is one.
[[nodiscard]] Row value_row(std::string name, std::string unit, const Estimate& value,
                            std::optional<Goal> goal, std::string reference = {},
                            std::optional<double> reference_value = {});

/// Aligned columns, one line a row, a heading above and the circumstances below.
[[nodiscard]] std::string to_table(const std::vector<Row>& rows, const Circumstances& circumstances);

/// A list: one object a row with `name`, `value`, `unit`, `reference`, `ratio`, `ci_low`, `ci_high`,
/// `samples`, `goal`, `met` (null where there is none), and one with the circumstances at the end.
[[nodiscard]] std::string to_json(const std::vector<Row>& rows, const Circumstances& circumstances);

/// Prints the table on standard output and writes the JSON to `name`.json in $ONDA_BENCH_OUTPUT, else in
/// build/bench below the working directory. Throws std::runtime_error where it cannot be written.
void publish(const std::string& name, const std::vector<Row>& rows, const Circumstances& circumstances);

/// The JSON alone, for rows that the program prints in a form of its own.
void write_results(const std::string& name, const std::vector<Row>& rows, const Circumstances& circumstances);

/// The directory that `publish` writes to, made where it is missing.
[[nodiscard]] std::filesystem::path output_directory();

}  // namespace onda::bench
