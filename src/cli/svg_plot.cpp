#include "cli/svg_plot.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "cli/console.h"
#include "cli/quantity.h"

namespace onda::cli {
namespace {

constexpr double kWidth = 460;
constexpr double kHeight = 300;
constexpr double kLeft = 70;
constexpr double kRight = 20;
constexpr double kTop = 70;
constexpr double kBottom = 50;
constexpr int kTicks = 5;
// Told apart also by those who see few colours (Okabe and Ito).
constexpr const char* kColors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                   "#e69f00", "#56b4e9", "#000000"};

std::string escaped(const std::string& text) {
  std::string result;
  // A file with one byte that is no UTF-8 is no XML.
  std::string line = single_line(text);
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t length = base::utf8_sequence_length(line, at);
    if (length == 0) line[at] = '?';
    at += std::max<std::size_t>(length, 1);
  }
  for (const char c : line) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string number(double value) { return fixed(value, 1); }

struct TextStyle {
  const char* anchor = "middle";
  int size = 12;
};

std::string text_at(double x, double y, const std::string& text, TextStyle style = {}) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + style.anchor +
         "\" font-size=\"" + std::to_string(style.size) + "\">" + escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const char* color) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
         number(y2) + "\" stroke=\"" + color + "\"/>\n";
}

double highest(const PlotPanel& panel) {
  double value = 0;
  for (const auto& series : panel.series) {
    for (const double v : series.values) value = std::isfinite(v) ? std::max(value, v) : value;
  }
  return value;
}

/// Places values of one panel on the page.
struct Scale {
  double left = 0;
  double end = 1;
  std::size_t categories = 1;

  [[nodiscard]] double x(std::size_t index) const {
    const double step = (kWidth - kLeft - kRight) / static_cast<double>(categories);
    return left + kLeft + (static_cast<double>(index) + 0.5) * step;
  }
  [[nodiscard]] double y(double value) const { return kTop + (kHeight - kTop - kBottom) * (1 - value / end); }
};

std::string axes(const PlotPanel& panel, const Scale& scale) {
  const double from = scale.left + kLeft;
  const double to = scale.left + kWidth - kRight;
  std::string svg =
      text_at((from + to) / 2, kTop - 16, panel.title + " (" + panel.unit + ")", {"middle", 13});
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double value = scale.end * tick / kTicks;
    svg += line(from, scale.y(value), to, scale.y(value), tick == 0 ? "#444" : "#ddd");
    svg += text_at(from - 6, scale.y(value) + 4, brief(value), {"end", 11});
  }
  for (std::size_t i = 0; i < panel.categories.size(); ++i) {
    svg += text_at(scale.x(i), kHeight - kBottom + 18, panel.categories[i], {"middle", 11});
  }
  return svg + text_at((from + to) / 2, kHeight - kBottom + 36, panel.category_name);
}

std::string curve(const PlotSeries& series, const Scale& scale, const char* color) {
  std::string points;
  std::string marks;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (!std::isfinite(series.values[i])) continue;
    const std::string x = number(scale.x(i));
    const std::string y = number(scale.y(series.values[i]));
    points += x + ',' + y + ' ';
    marks += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"3\" fill=\"" + color + "\"/>\n";
  }
  return "<polyline fill=\"none\" stroke=\"" + std::string(color) + "\" stroke-width=\"2\" points=\"" +
         points + "\"/>\n" + marks;
}

std::string color_of(std::size_t index) { return kColors[index % std::size(kColors)]; }

}  // namespace

double axis_end(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

std::string plot_svg(const std::string& title, const std::vector<PlotPanel>& panels) {
  std::size_t legend_lines = 0;
  for (const auto& panel : panels) legend_lines = std::max(legend_lines, panel.series.size());
  const double width = kWidth * static_cast<double>(std::max<std::size_t>(panels.size(), 1));
  const double height = kHeight + 18 * static_cast<double>(legend_lines) + 10;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" +
                    number(height) + "\" font-family=\"sans-serif\" fill=\"#222\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
                    text_at(width / 2, 24, title, {"middle", 15});
  double left = 0;
  for (const auto& panel : panels) {
    const Scale scale{left, axis_end(highest(panel)), std::max<std::size_t>(panel.categories.size(), 1)};
    svg += axes(panel, scale);
    for (std::size_t i = 0; i < panel.series.size(); ++i) {
      svg += curve(panel.series[i], scale, color_of(i).c_str());
      const double y = kHeight + 18 * static_cast<double>(i);
      svg += "<rect x=\"" + number(left + kLeft) + "\" y=\"" + number(y) +
             "\" width=\"12\" height=\"12\" fill=\"" + color_of(i) + "\"/>\n" +
             text_at(left + kLeft + 18, y + 10, panel.series[i].name, {"start", 11});
    }
    left += kWidth;
  }
  return svg + "</svg>\n";
}

}  // namespace onda::cli
