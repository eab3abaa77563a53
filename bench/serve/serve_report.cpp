#include "bench/serve/serve_report.h"

#include <iostream>

namespace onda::bench {

Goal ratio_at_least(double limit) {
  return {.of = Goal::Of::ratio, .bound = Goal::Bound::at_least, .limit = limit, .of_median = true};
}

Goal ratio_at_most(double limit) { return {.of = Goal::Of::ratio, .limit = limit, .of_median = true}; }

Goal value_at_most(double limit) { return {.of = Goal::Of::value, .limit = limit, .of_median = true}; }

void ServeReport::add(Row row, const std::string& how) {
  std::cerr << "serve: " << row.name << ": " << row.value << ' ' << row.unit;
  if (row.ratio) std::cerr << ", ratio " << *row.ratio;
  std::cerr << '\n';
  notes_.push_back(row.name + ": " + how);
  rows_.push_back(std::move(row));
}

void ServeReport::add_missing(const std::string& name, const std::string& unit, const std::string& why) {
  std::cerr << "serve: " << name << " was not measured: " << why << '\n';
  notes_.push_back(name + ": not measured: " + why);
  // Without a goal: there is nothing that could meet it or not.
  rows_.push_back({.name = name + ", NOT MEASURED", .unit = unit});
}

std::string ServeReport::notes() const {
  std::string text;
  for (const auto& note : notes_) text += "- " + note + '\n';
  return text;
}

}  // namespace onda::bench
