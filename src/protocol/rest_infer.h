#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/decoded_inference.h"
#include "serving/inference_request.h"
#include "serving/model_version.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {

/// Readable bytes that must follow a body, whatever is in them.
inline constexpr std::size_t kBodyPadding = 64;

/// Reads an inference request: JSON alone, JSON with binary tensors behind it, or one raw tensor.
///
/// `body` is decompressed and followed by `kBodyPadding` readable bytes. `inference_header_content_length` is
/// the value of that header as it came. What is read lies in `out` and in `body`, which must outlive it.
/// Tensors in shared memory are copied into `out.storage`. Nothing is allocated that the body's size does not
/// bound; nothing at all once `out` has been used for a request as large.
///
/// Throws invalid_argument, and what `regions` and `check_outputs` throw; `out` is then as after `clear` or
/// partly filled.
void decode_infer(std::span<const std::byte> body,
                  std::optional<std::string_view> inference_header_content_length,
                  const serving::ModelVersion& version, const serving::SharedMemoryRegions& regions,
                  DecodedInference& out);

/// Refuses before anything runs what could not be answered: unknown outputs, half floats as JSON, classes of
/// a type that has none, classes in shared memory. Throws invalid_argument.
void check_outputs(const serving::ModelVersion& version, const DecodedInference& asked);

/// Inputs, outputs, priority and timeout. The request borrows from `decoded` and what that borrows from.
void fill_request(serving::InferenceRequest& request, const DecodedInference& decoded);

/// The body of an answer: `head`, then `parts`. Reused from answer to answer.
struct ResponseBody {
  /// JSON, with the tensors that are JSON in it.
  std::string head;
  /// Binary tensors; they point into the result, and into `storage`.
  std::vector<std::span<const std::byte>> parts;
  /// For `Inference-Header-Content-Length`: there where `parts` hold a byte.
  std::optional<std::size_t> json_bytes;
  std::string_view content_type;
  /// Tensors that had to be made: BYTES with their lengths, classes.
  DecodedStorage storage;

  [[nodiscard]] std::size_t byte_size() const noexcept;
  /// Empty, with the memory kept.
  void clear() noexcept;
};

/// Writes the answer to a request that succeeded; `result.hold` must live as long as `out.parts` is read.
/// What was wanted in shared memory is written there. Throws invalid_argument where an output has no JSON
/// form (bytes that are no UTF-8) or does not fit its region; `out` is then partly filled.
void encode_infer_response(const serving::ModelVersion& version, const DecodedInference& asked,
                           const serving::InferenceResult& result, ResponseBody& out);

/// `{"error": message}`: valid JSON whatever the bytes of the message, cut where it is longer than anyone
/// reads.
[[nodiscard]] std::string error_body(std::string_view message);

}  // namespace onda::protocol
