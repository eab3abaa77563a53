#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/wire_writer.h"

namespace onda::test {

/// One weight of a graph, as ONNX Runtime writes it with external data. Empty texts are left out.
struct ExternalWeight {
  std::string location;
  std::string offset = "0";
  std::string length = "1024";
  std::string prepacked = {};
};

/// A model in ONNX format whose one weight "w" of 256 floats lies in another file. Small, and enough for
/// whatever reads the structure of a model.
[[nodiscard]] inline std::string external_graph(const ExternalWeight& weight) {
  WireWriter tensor;
  tensor.number(1, 256).number(2, 1).bytes(8, "w").number(14, 1);
  const auto add = [&tensor](std::string_view key, std::string_view value) {
    if (!value.empty()) tensor.message(13, WireWriter().bytes(1, key).bytes(2, value));
  };
  add("location", weight.location);
  add("offset", weight.offset);
  add("length", weight.length);
  add("prepacked_0", weight.prepacked);
  return WireWriter().number(1, 10).message(7, WireWriter().message(5, tensor)).text();
}

}  // namespace onda::test
