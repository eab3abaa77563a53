#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/harness/report.h"

namespace onda::bench {

/// Goals of this benchmark are judged by medians: the machine's cores are shared by client and server, and
/// few rounds have wide intervals, which the table shows.
[[nodiscard]] Goal ratio_at_least(double limit);
[[nodiscard]] Goal ratio_at_most(double limit);
[[nodiscard]] Goal value_at_most(double limit);

/// The rows, and under what circumstances each was measured.
class ServeReport {
 public:
  /// `how` says commands and parameters.
  void add(Row row, const std::string& how);
  /// A row of what could not be measured, and why.
  void add_missing(const std::string& name, const std::string& unit, const std::string& why);

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  /// One line a row, to stand below the table.
  [[nodiscard]] std::string notes() const;

 private:
  std::vector<Row> rows_;
  std::vector<std::string> notes_;
};

}  // namespace onda::bench
