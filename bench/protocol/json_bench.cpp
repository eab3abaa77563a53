// Tensors in the JSON of requests and answers: our reader beside simdjson's number parser, our writer beside
// std::to_chars, on the same numbers. And a small request as a whole.

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/harness/measure_pairs.h"
#include "bench/harness/report.h"
#include "protocol/json_cursor.h"
#include "protocol/json_tensor_reader.h"
#include "protocol/json_text.h"

namespace onda::bench {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kPairs = 200;

/// A list of numbers, with what must be readable behind it.
struct Text {
  std::string json;
  std::size_t size = 0;
  std::size_t count = 0;
};

Text finished(std::string json, std::size_t count) {
  Text text{.json = std::move(json), .size = 0, .count = count};
  text.size = text.json.size();
  text.json.append(protocol::JsonCursor::kPadding, ' ');
  return text;
}

/// Numbers from 0 to 1 as `print` writes them.
template <class Print>
Text make_text(std::size_t count, Print print) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(0, 1);
  std::string json = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) json += ',';
    print(json, values(random));
  }
  return finished(json + ']', count);
}

template <class Float>
void print_shortest(std::string& json, Float value) {
  std::array<char, 32> digits;
  json.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}

template <class Element>
class OurReader {
 public:
  explicit OurReader(const Text& text) : text_(text), shape_{static_cast<std::int64_t>(text.count)} {}
  double operator()() {
    return microseconds_per_call(
               1,
               [&] {
                 storage_.clear();
                 protocol::JsonCursor cursor(std::string_view(text_.json).substr(0, text_.size), storage_);
                 (void)protocol::read_json_tensor(
                     cursor, {.input = "x", .dtype = dtype_of<Element>, .shape = shape_}, storage_);
               }) *
           1000 / static_cast<double>(text_.count);
  }

 private:
  const Text& text_;
  Shape shape_;
  protocol::DecodedStorage storage_;
};

template <class Element>
class TheirReader {
 public:
  explicit TheirReader(const Text& text) : text_(text), elements_(text.count) {}
  double operator()() {
    return microseconds_per_call(1, [&] { read(); }) * 1000 / static_cast<double>(text_.count);
  }

 private:
  void read() {
    ondemand::document document;
    ondemand::array array;
    if (parser_.iterate(text_.json.data(), text_.size, text_.json.size()).get(document) !=
            simdjson::SUCCESS ||
        document.get_array().get(array) != simdjson::SUCCESS)
      throw std::runtime_error("simdjson refuses the text");
    std::size_t i = 0;
    for (auto item : array) {
      if constexpr (std::is_floating_point_v<Element>) {
        double value = 0;
        if (item.get_double().get(value) != simdjson::SUCCESS) throw std::runtime_error("no number");
        elements_[i++] = static_cast<Element>(value);
      } else {
        std::int64_t value = 0;
        if (item.get_int64().get(value) != simdjson::SUCCESS) throw std::runtime_error("no number");
        elements_[i++] = static_cast<Element>(value);
      }
    }
  }

  const Text& text_;
  ondemand::parser parser_;
  std::vector<Element> elements_;
};

// A goal of 0.9 times the speed, as a time.
constexpr Goal kGoal{.bound = Goal::Bound::at_most, .limit = 1 / 0.9};

template <class Element>
Row reading(const std::string& what, const Text& text) {
  OurReader<Element> ours(text);
  TheirReader<Element> theirs(text);
  std::mt19937 random(1);
  const auto comparison = compare(measure_pairs(
      kPairs, random, [&] { return ours(); }, [&] { return theirs(); }));
  return ratio_row("read " + what + ", " + std::to_string(text.size / 1000) + " KB", "ns/number",
                   "simdjson on demand", comparison, kGoal);
}

template <class Element>
Row writing(const std::string& what, const std::vector<Element>& values) {
  const auto per_number = [&](auto write) {
    return microseconds_per_call(1, write) * 1000 / static_cast<double>(values.size());
  };
  std::string ours;
  std::string theirs;
  // What both write has room already: a server's buffers are reused.
  ours.reserve(values.size() * 32);
  theirs.resize(values.size() * 32);
  std::mt19937 random(1);
  const auto comparison = compare(measure_pairs(
      kPairs, random,
      [&] {
        return per_number([&] {
          ours.clear();
          protocol::append_json_elements(ours, dtype_of<Element>, std::as_bytes(std::span(values)));
        });
      },
      [&] {
        return per_number([&] {
          char* at = theirs.data();
          for (const Element value : values) {
            at = std::to_chars(at, at + 32, value).ptr;
            *at++ = ',';
          }
        });
      }));
  return ratio_row("write " + what, "ns/number", "std::to_chars", comparison, kGoal);
}

void run() {
  // 1.5 MB: an image of ResNet-50's size.
  constexpr std::size_t kElements = 3UL * 224 * 224;
  const Text six = make_text(kElements, [](std::string& json, float value) {
    std::array<char, 32> digits;
    json.append(digits.data(),
                std::to_chars(digits.begin(), digits.end(), value, std::chars_format::fixed, 6).ptr);
  });
  const Text shortest =
      make_text(kElements, [](std::string& json, float value) { print_shortest(json, value); });
  const Text python = make_text(
      kElements, [](std::string& json, float value) { print_shortest(json, static_cast<double>(value)); });
  const Text pixels = make_text(kElements, [](std::string& json, float value) {
    json += std::to_string(static_cast<int>(value * 256));
  });
  const Text small = make_text(64, [](std::string& json, float value) { print_shortest(json, value); });

  std::vector<float> floats(kElements);
  std::vector<double> doubles(kElements);
  std::vector<std::int64_t> integers(kElements);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < kElements; ++i) {
    doubles[i] = normal(random);
    floats[i] = static_cast<float>(doubles[i]);
    integers[i] = static_cast<std::int64_t>(doubles[i] * 1000);
  }
  const std::vector<float> few(floats.begin(), floats.begin() + 10);

  const std::vector<Row> rows = {reading<float>("FP32 of 6 digits", six),
                                 reading<float>("FP32, shortest", shortest),
                                 reading<float>("FP32, as Python prints them", python),
                                 reading<double>("FP64, shortest", python),
                                 reading<std::int64_t>("INT64, pixels", pixels),
                                 reading<float>("FP32, 64 of them", small),
                                 writing("FP32", floats),
                                 writing("FP64", doubles),
                                 writing("INT64", integers),
                                 writing("FP32, 10 of them", few)};
  publish("json", rows, present_circumstances("not used"));
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    onda::bench::run();
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_json: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
