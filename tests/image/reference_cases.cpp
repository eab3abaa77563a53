#include "image/reference_cases.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "support/paths.h"

namespace onda::test {
namespace {

std::filesystem::path reference_dir() { return source_dir() / "tests" / "image" / "reference"; }

std::string text_of(const std::string& name) {
  std::ifstream file(reference_dir() / name, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read the reference file " + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

std::optional<std::array<std::int64_t, 2>> size_of(const std::string& height, const std::string& width) {
  if (height == "0" && width == "0") return std::nullopt;
  return std::array<std::int64_t, 2>{std::stoll(height), std::stoll(width)};
}

ReferenceCase parse_case(const std::vector<std::string>& fields) {
  ReferenceCase result = {.image = fields.at(0), .expected = fields.at(1), .steps = {}};
  if (fields.at(2) != "rgb" && fields.at(2) != "grey")
    throw std::runtime_error("unknown colour " + fields[2]);
  result.steps.color = fields[2] == "grey" ? ColorOrder::grey : ColorOrder::rgb;
  result.steps.resize_shortest = std::stoll(fields.at(3));
  result.steps.resize_exact = size_of(fields.at(4), fields.at(5));
  result.steps.crop = size_of(fields.at(6), fields.at(7));
  result.steps.layout = TensorLayout::nhwc;
  result.steps.dtype = DType::uint8;
  return result;
}

}  // namespace

std::vector<ReferenceCase> reference_cases() {
  std::istringstream lines(text_of("cases.csv"));
  std::string line;
  std::getline(lines, line);
  if (line != "image,expected,color,resize_shortest,resize_height,resize_width,crop_height,crop_width") {
    throw std::runtime_error("cases.csv has other columns: " + line);
  }
  std::vector<ReferenceCase> cases;
  while (std::getline(lines, line)) cases.push_back(parse_case(fields_of(line)));
  return cases;
}

std::vector<std::byte> reference_file(const std::string& name) {
  const std::string text = text_of(name);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

ReferencePixels reference_pixels(const std::string& name) {
  // https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0
  constexpr std::size_t kPreamble = 10;
  const std::string text = text_of(name);
  if (text.size() < kPreamble || text.substr(1, 5) != "NUMPY" || text[6] != 1) {
    throw std::runtime_error(name + " is no .npy file of version 1");
  }
  const std::size_t header_bytes =
      static_cast<unsigned char>(text[8]) + 256U * static_cast<unsigned char>(text[9]);
  const std::string header = text.substr(kPreamble, header_bytes);
  static const std::regex pattern(
      R"(.*'\|u1', 'fortran_order': False, 'shape': \((\d+), (\d+)(, (\d+))?\).*\s*)");
  std::smatch match;
  if (!std::regex_match(header, match, pattern)) throw std::runtime_error(name + " has the header " + header);
  ReferencePixels pixels = {.height = std::stoll(match[1]),
                            .width = std::stoll(match[2]),
                            .channels = match[4].matched ? std::stoll(match[4]) : 1,
                            .samples = {}};
  const std::string data = text.substr(kPreamble + header_bytes);
  pixels.samples.assign(data.begin(), data.end());
  if (pixels.samples.size() != static_cast<std::size_t>(pixels.height * pixels.width * pixels.channels)) {
    throw std::runtime_error(name + " holds " + std::to_string(data.size()) + " samples");
  }
  return pixels;
}

}  // namespace onda::test
