#include "runtime/prepared_references.h"

#include <string>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "runtime/model_file.h"

namespace onda::runtime {
namespace {

[[noreturn]] void refuse(const ExternalTensor& tensor, const char* reason) {
  throw Error(ErrorCode::data_loss,
              "not a good prepared model: weight " + base::quoted(tensor.name) + " " + reason);
}

void require_within(const ExternalTensor& tensor, std::uint64_t offset, std::uint64_t length,
                    std::uint64_t bytes) {
  if (offset > bytes || length > bytes - offset) refuse(tensor, "lies outside of the entry");
}

/// Cuts the text up to `separator` off, or all of it.
std::string_view cut(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(part.size() == text.size() ? part.size() : part.size() + 1);
  return part;
}

/// "key|offset;length;checksum|…"
void require_packed_within(const ExternalTensor& tensor, std::string_view blobs, std::uint64_t bytes) {
  cut(blobs, '|');
  while (!blobs.empty()) {
    std::string_view blob = cut(blobs, '|');
    const auto offset = base::parse_number<std::uint64_t>(cut(blob, ';'));
    const auto length = base::parse_number<std::uint64_t>(cut(blob, ';'));
    if (!offset || !length) refuse(tensor, "has packed forms that are not understood");
    require_within(tensor, *offset, *length, bytes);
  }
}

}  // namespace

void require_own_references(std::span<const std::byte> graph, std::string_view name,
                            std::uint64_t weights_bytes) {
  for (const ExternalTensor& tensor : read_model_file(graph).external_tensors) {
    if (tensor.location != name) refuse(tensor, "lies in another file");
    // ONNX Runtime takes a length of 0 for none, and then goes by the shape.
    if (tensor.length.value_or(0) == 0) refuse(tensor, "has no length");
    require_within(tensor, tensor.offset, *tensor.length, weights_bytes);
    for (const std::string& blobs : tensor.prepacked) require_packed_within(tensor, blobs, weights_bytes);
  }
}

}  // namespace onda::runtime
