#include "cli/svg_plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace onda::cli {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(SvgPlot, DrawsAPointForEachValueAndALineForEachSeries) {
  const PlotPanel panel{"Throughput", "items/s", "batch", {"1", "2"}, {{"a", {1, 2}}, {"b", {3, 4}}}};
  const std::string svg = plot_svg("title", {panel, panel});
  EXPECT_EQ(count(svg, "<circle"), 8U);
  EXPECT_EQ(count(svg, "<polyline"), 4U);
  EXPECT_TRUE(svg.starts_with("<svg xmlns="));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(SvgPlot, EscapesTextsAndLeavesOutWhatIsNoNumber) {
  const PlotPanel panel{
      "<t>", "u", "c", {"1", "2"}, {{"a & \"b\"", {1, std::numeric_limits<double>::quiet_NaN()}}}};
  const std::string svg = plot_svg("x<y", {panel});
  EXPECT_EQ(count(svg, "<circle"), 1U);
  EXPECT_NE(svg.find("x&lt;y"), std::string::npos);
  EXPECT_NE(svg.find("a &amp; &quot;b&quot;"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(SvgPlot, IsXmlWhateverBytesANameHas) {
  const std::string svg = plot_svg("m\xFF\xC3\xA9.onnx", {});
  EXPECT_NE(svg.find("m?\xC3\xA9.onnx"), std::string::npos);
}

TEST(SvgPlot, EndsAxesAtRoundNumbers) {
  EXPECT_DOUBLE_EQ(axis_end(0), 1);
  EXPECT_DOUBLE_EQ(axis_end(7), 10);
  EXPECT_DOUBLE_EQ(axis_end(21), 25);
  EXPECT_DOUBLE_EQ(axis_end(0.004), 0.005);
}

}  // namespace
}  // namespace onda::cli
