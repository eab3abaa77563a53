// From a JPEG file in memory to ImageNet's input, beside libjpeg-turbo decoding it and nothing else.

#include <exception>
#include <iostream>
#include <random>
#include <string>

#include "bench/harness/measure_pairs.h"
#include "bench/harness/report.h"
#include "bench/image/plain_jpeg.h"
#include "onda/preprocess.h"

namespace onda::bench {
namespace {

struct Subject {
  std::size_t width;
  std::size_t height;
  std::size_t pairs;
};

Row measured(const Subject& subject) {
  Picture picture = paint(subject.width, subject.height);
  const auto file = encode_jpeg(picture, 90);
  const Preprocess steps = Preprocess::imagenet();
  std::mt19937 random(1);
  const auto comparison = compare(measure_pairs(
      subject.pairs, random,
      [&] { return microseconds_per_call(1, [&] { (void)load_image(file, steps); }) / 1000; },
      [&] { return microseconds_per_call(1, [&] { decode_jpeg(file, picture); }) / 1000; }));
  const std::string name = std::to_string(subject.width) + "x" + std::to_string(subject.height) +
                           " JPEG of " + std::to_string(file.size() / 1000) + " KB to [1,3,224,224]";
  return ratio_row(name, "ms", "libjpeg-turbo, decoding alone", comparison, std::nullopt);
}

void run() {
  const Subject subjects[] = {{500, 375, 400}, {4000, 3000, 20}};
  std::vector<Row> rows;
  for (const Subject& subject : subjects) rows.push_back(measured(subject));
  publish("image", rows, present_circumstances("not used"));
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    onda::bench::run();
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_image: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
