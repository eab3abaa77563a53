#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/decoded_inference.h"
#include "serving/classification.h"
#include "serving/inference_request.h"
#include "serving/model_version.h"

namespace onda::protocol {

/// A ModelInferResponse, or a ModelStreamInferResponse around one, in pieces that follow one another. Reused
/// from answer to answer.
struct GrpcAnswer {
  struct Piece {
    std::span<const std::byte> bytes;
    /// They are an output's, where that is; else what was written here.
    bool is_output = false;
  };
  /// Valid until the answer or the result changes.
  std::vector<Piece> pieces;

  [[nodiscard]] std::size_t byte_size() const noexcept;
  /// Empty, with the memory of an answer of ordinary size kept.
  void clear() noexcept;

 private:
  friend class GrpcAnswerWriter;
  /// An output that stays where it is, and how much of `made_` comes before it.
  struct Cut {
    std::size_t made_bytes = 0;
    std::span<const std::byte> output;
  };
  std::string front_;  // of the message around the response
  std::string made_;
  std::string part_;  // a message within, until its length is known
  std::vector<Cut> cuts_;
  std::vector<serving::Classification> classes_;
};

/// Writes the answer to a request that succeeded; `result.hold` must live as long as `answer.pieces` is read.
/// Each output has an element of raw_output_contents, an empty one where it was wanted in shared memory,
/// which it is written to here. Throws invalid_argument for an output that does not fit its region or cannot
/// be ranked, resource_exhausted for an answer of 2 GB or more.
void encode_grpc_answer(const serving::ModelVersion& version, const DecodedInference& asked,
                        const serving::InferenceResult& result, GrpcAnswer& answer);

/// The same within a ModelStreamInferResponse, with the parameter that says that it is the only one.
void encode_grpc_stream_answer(const serving::ModelVersion& version, const DecodedInference& asked,
                               const serving::InferenceResult& result, GrpcAnswer& answer);

/// A ModelStreamInferResponse for a request that failed. The message is bounded.
void encode_grpc_stream_error(std::string_view id, std::string_view message, GrpcAnswer& answer);

/// An error's message as it may be sent: gRPC puts it into a header, three bytes for one, and clients take no
/// more than 8 KB of them. Valid UTF-8.
[[nodiscard]] std::string bounded_message(std::string_view message);

}  // namespace onda::protocol
