// Classifies one image, with what `cmake --install` put in place and nothing else of Onda's.
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "onda/onda.h"

int main(int count, char** arguments) try {
  if (count != 3) {
    std::cerr << "usage: program MODEL IMAGE\n";
    return 2;
  }
  const onda::Runtime runtime = onda::Runtime::initialize();
  const onda::Session session = onda::Session::open(runtime, arguments[1]);
  const onda::ValueInfo& input = session.inputs()[0];

  std::ifstream file(arguments[2], std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(file), {}};
  const onda::Preprocess steps = onda::derive_preprocess(onda::Preprocess::raw(), input.dtype, input.shape);
  const onda::Tensor pixels = onda::load_image(std::as_bytes(std::span(image)), steps);

  const std::vector<onda::NamedTensor> outputs = session.run(pixels);
  const std::span<const float> scores = outputs[0].tensor.as<float>();
  std::cout << "onda " << onda::version() << " on ONNX Runtime " << runtime.info().version << ": class "
            << std::max_element(scores.begin(), scores.end()) - scores.begin() << '\n';
} catch (const onda::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
