#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "onda/error.h"
#include "protocol/rest_infer.h"
#include "serving/shared_memory_regions.h"
#include "support/fake_version.h"

namespace {

using onda::DType;
using onda::Shape;

onda::serving::TensorSpec spec(std::string name, DType dtype) {
  onda::serving::TensorSpec made;
  made.name = std::move(name);
  made.dtype = dtype;
  made.shape = Shape{Shape::kDynamic};
  return made;
}

const onda::serving::ModelVersion& version() {
  static const onda::test::FakeVersion made(
      {.inputs = {spec("f", DType::float32), spec("i", DType::int64), spec("b", DType::boolean),
                  spec("s", DType::string)},
       .outputs = {spec("y", DType::float32), spec("t", DType::string)}});
  return *made;
}

/// All that a request says can be read, and is what its type says.
void visit(const onda::protocol::DecodedInference& decoded) {
  for (const onda::NamedView& input : decoded.inputs) {
    const onda::TensorView& tensor = input.tensor;
    if (tensor.dtype() == DType::string) {
      if (tensor.strings().size() != tensor.element_count()) std::abort();
    } else if (tensor.bytes().size() != onda::byte_size(tensor.dtype(), tensor.element_count())) {
      std::abort();
    }
    if (tensor.dtype() != DType::boolean) continue;
    for (const std::byte truth : tensor.bytes()) {
      if (truth > std::byte{1}) std::abort();
    }
  }
}

}  // namespace

/// The first two bytes are the header's length of the JSON, little-endian; 0xFFFF leaves it out. The rest is
/// the body. Whatever is accepted has JSON that simdjson accepts too, but for NaN and Infinity.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t length = data[0] | (static_cast<std::size_t>(data[1]) << 8U);
  const std::size_t body_bytes = size - 2;
  const bool has_header = length != 0xFFFF;
  // On the heap, and no longer than promised: what is read past it is found.
  const auto body = std::make_unique<std::byte[]>(body_bytes + onda::protocol::kBodyPadding);
  for (std::size_t i = 0; i < body_bytes; ++i) body[i] = static_cast<std::byte>(data[i + 2]);
  const std::string header = std::to_string(length);
  static const onda::serving::SharedMemoryRegions regions(false);
  onda::protocol::DecodedInference decoded;
  try {
    onda::protocol::decode_infer({body.get(), body_bytes},
                                 has_header ? std::optional<std::string_view>(header) : std::nullopt,
                                 version(), regions, decoded);
  } catch (const onda::Error&) {
    return 0;
  }
  visit(decoded);
  if (has_header && length == 0) return 0;
  const std::string_view json(reinterpret_cast<const char*>(body.get()), has_header ? length : body_bytes);
  if (json.find("NaN") != std::string_view::npos || json.find("Infinity") != std::string_view::npos) return 0;
  // Numbers that no double holds are JSON, but not simdjson's.
  thread_local simdjson::dom::parser parser;
  const auto error = parser.parse(json.data(), json.size()).error();
  if (error != simdjson::SUCCESS && error != simdjson::NUMBER_ERROR) std::abort();
  return 0;
}
