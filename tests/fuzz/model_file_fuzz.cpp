#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "base/wire_stream.h"
#include "onda/error.h"
#include "runtime/model_file.h"
#include "runtime/model_file_reader.h"

namespace {

/// Gives three bytes at a time, so that every field crosses pieces.
class StingySource final : public onda::base::ByteSource {
 public:
  explicit StingySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> piece(std::uint64_t offset) override {
    if (offset >= bytes_.size()) return {};
    const auto rest = bytes_.subspan(static_cast<std::size_t>(offset));
    return rest.first(std::min<std::size_t>(3, rest.size()));
  }

 private:
  std::span<const std::byte> bytes_;
};

template <class Read>
std::optional<onda::runtime::ModelFile> try_to(const Read& read) {
  try {
    return read();
  } catch (const onda::Error& error) {
    const bool expected =
        error.code() == onda::ErrorCode::data_loss || error.code() == onda::ErrorCode::resource_exhausted;
    if (!expected) std::abort();
    return std::nullopt;
  }
}

}  // namespace

// Nothing but the errors that are promised, no more held than is there, and the same whatever the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto whole = try_to([&] { return onda::runtime::read_model_file(bytes); });
  if (whole && whole->inline_weight_bytes > size) std::abort();
  if (whole && whole->format == onda::runtime::ModelFormat::ort) return 0;
  if (size == 0) return 0;

  StingySource source(bytes);
  const auto pieces = try_to([&] { return onda::runtime::ModelFileReader(source).read(); });
  if (whole.has_value() != pieces.has_value()) std::abort();
  if (whole && (whole->nodes != pieces->nodes || whole->weights != pieces->weights ||
                whole->weight_elements != pieces->weight_elements || whole->domains != pieces->domains ||
                whole->external_locations() != pieces->external_locations() ||
                whole->inputs.size() != pieces->inputs.size())) {
    std::abort();
  }
  return 0;
}
