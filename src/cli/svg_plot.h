#pragma once

#include <string>
#include <vector>

namespace onda::cli {

/// One line of a chart: a value for each of the chart's categories.
struct PlotSeries {
  std::string name;
  std::vector<double> values;
};

/// A chart with categories from left to right and values upwards from 0.
struct PlotPanel {
  std::string title;
  std::string unit;
  std::string category_name;
  std::vector<std::string> categories;
  std::vector<PlotSeries> series;
};

/// The charts side by side as one SVG document, legend below. Values that are no number are left out.
[[nodiscard]] std::string plot_svg(const std::string& title, const std::vector<PlotPanel>& panels);

/// The lowest of 1, 2, 2.5, 5 times a power of ten that is at least `value`: where an axis ends well.
[[nodiscard]] double axis_end(double value);

}  // namespace onda::cli
