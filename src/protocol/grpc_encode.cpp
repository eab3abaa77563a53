#include "protocol/grpc_encode.h"

#include <cstring>
#include <limits>

#include "base/utf8.h"
#include "onda/error.h"
#include "protocol/bytes_tensor.h"
#include "protocol/tensor_size.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

/// Below it a copy is cheaper than a slice of its own.
constexpr std::size_t kSmallOutput = 4096;
constexpr std::size_t kKeptBytes = std::size_t{64} * 1024;
constexpr std::size_t kLongestAnswer = std::numeric_limits<std::int32_t>::max();

// Tags: the number of the field and how it is written.
constexpr unsigned char length_delimited(unsigned number) {
  return static_cast<unsigned char>(number << 3U | 2U);
}

/// parameters: {"triton_final_response": {bool_param: true}}.
constexpr std::string_view kFinalResponse =
    "\x22\x1b"
    "\x0a\x15"
    "triton_final_response"
    "\x12\x02\x08\x01";

void append_varint(std::string& to, std::uint64_t value) {
  while (value >= 0x80) {
    to += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  to += static_cast<char>(value);
}

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7U) ++size;
  return size;
}

void append_head(std::string& to, unsigned number, std::size_t size) {
  to += static_cast<char>(length_delimited(number));
  append_varint(to, size);
}

void append_text(std::string& to, unsigned number, std::string_view text) {
  if (text.empty()) return;
  append_head(to, number, text.size());
  to += text;
}

void append_shape(std::string& to, unsigned number, const Shape& shape) {
  if (shape.rank() == 0) return;
  std::size_t size = 0;
  for (const std::int64_t dim : shape.dims()) size += varint_size(static_cast<std::uint64_t>(dim));
  append_head(to, number, size);
  for (const std::int64_t dim : shape.dims()) append_varint(to, static_cast<std::uint64_t>(dim));
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

std::size_t GrpcAnswer::byte_size() const noexcept {
  std::size_t size = 0;
  for (const Piece& piece : pieces) size += piece.bytes.size();
  return size;
}

void GrpcAnswer::clear() noexcept {
  pieces.clear();
  front_.clear();
  made_.clear();
  if (made_.capacity() > kKeptBytes) made_ = std::string();
  part_.clear();
  cuts_.clear();
  classes_.clear();
}

class GrpcAnswerWriter {
 public:
  explicit GrpcAnswerWriter(GrpcAnswer& answer) noexcept : answer_(answer) { answer.clear(); }

  void write_response(const serving::ModelVersion& version, const DecodedInference& asked,
                      const serving::InferenceResult& result, bool is_streamed) {
    append_text(made(), 1, version.model());
    append_text(made(), 2, version.number_text());
    append_text(made(), 3, asked.id);
    if (is_streamed) made() += kFinalResponse;
    // All of the outputs' descriptions come before the first bytes of one, so that those can follow one
    // another.
    answer_.classes_.reserve(result.outputs.size());
    for (std::size_t i = 0; i < result.outputs.size(); ++i) {
      const TensorView tensor = shown(version, asked, result.outputs[i], i);
      write_description(result.outputs[i].name, tensor);
    }
    std::size_t next_class = 0;
    for (std::size_t i = 0; i < result.outputs.size(); ++i) {
      const WantedOutput* const wanted = wanted_of(asked, i);
      TensorView tensor = result.outputs[i].tensor;
      if (wanted != nullptr && wanted->classification > 0) {
        const auto& classes = answer_.classes_[next_class++];
        tensor = TensorView(classes.shape, classes.strings);
      }
      write_elements(result.outputs[i].name, tensor, wanted);
    }
  }

  /// Nothing is written behind it.
  void finish() {
    std::size_t at = 0;
    const auto add_made = [&](std::size_t end) {
      if (end > at)
        answer_.pieces.push_back({bytes_of(std::string_view(made()).substr(at, end - at)), false});
      at = end;
    };
    if (!answer_.front_.empty()) answer_.pieces.push_back({bytes_of(answer_.front_), false});
    for (const auto& cut : answer_.cuts_) {
      add_made(cut.made_bytes);
      answer_.pieces.push_back({cut.output, true});
    }
    add_made(made().size());
    const std::size_t size = answer_.byte_size();
    if (size > kLongestAnswer) {
      answer_.clear();
      throw Error(ErrorCode::resource_exhausted, "the answer has " + std::to_string(size) +
                                                     " bytes, gRPC's messages at most " +
                                                     std::to_string(kLongestAnswer));
    }
  }

  /// What was written becomes field `number` of a message around it.
  void wrap(unsigned number) {
    std::size_t size = made().size();
    for (const auto& cut : answer_.cuts_) size += cut.output.size();
    append_head(answer_.front_, number, size);
  }

  std::string& made() noexcept { return answer_.made_; }
  std::string& front() noexcept { return answer_.front_; }

 private:
  static const WantedOutput* wanted_of(const DecodedInference& asked, std::size_t index) {
    return asked.outputs.empty() ? nullptr : &asked.outputs[index];
  }

  /// The output, or the classes that take its place.
  TensorView shown(const serving::ModelVersion& version, const DecodedInference& asked,
                   const NamedView& output, std::size_t index) {
    const WantedOutput* const wanted = wanted_of(asked, index);
    if (wanted == nullptr || wanted->classification == 0) return output.tensor;
    const serving::TensorSpec* const spec = version.find_output(output.name);
    const std::span<const std::string> labels =
        spec == nullptr ? std::span<const std::string>() : std::span<const std::string>(spec->labels);
    answer_.classes_.push_back(serving::classify(
        output.tensor, {.classes = wanted->classification, .is_batched = version.is_batched()}, labels));
    const auto& classes = answer_.classes_.back();
    return {classes.shape, classes.strings};
  }

  void write_description(std::string_view name, const TensorView& tensor) {
    const std::string_view datatype = serving::datatype_name(tensor.dtype());
    if (datatype.empty()) {
      throw Error(ErrorCode::invalid_argument, "output " + quoted_name(name) + " is " +
                                                   std::string(to_string(tensor.dtype())) +
                                                   ", which this protocol has no name for");
    }
    std::string& part = answer_.part_;
    part.clear();
    append_text(part, 1, name);
    append_text(part, 2, datatype);
    append_shape(part, 3, tensor.shape());
    append_head(made(), 5, part.size());
    made() += part;
  }

  void write_elements(std::string_view name, const TensorView& tensor, const WantedOutput* wanted) {
    const bool is_text = tensor.dtype() == DType::string;
    const std::size_t size = is_text ? bytes_tensor_size(tensor.strings()) : tensor.bytes().size();
    if (wanted != nullptr && wanted->region) {
      append_head(made(), 6, 0);
      return write_to_region(name, tensor, *wanted->region, size);
    }
    append_head(made(), 6, size);
    if (!is_text && size > kSmallOutput) {
      answer_.cuts_.push_back({.made_bytes = made().size(), .output = tensor.bytes()});
      return;
    }
    if (size > kLongestAnswer) {
      throw Error(ErrorCode::resource_exhausted,
                  "output " + quoted_name(name) + " has " + std::to_string(size) +
                      " bytes, gRPC's messages at most " + std::to_string(kLongestAnswer));
    }
    const std::size_t begin = made().size();
    made().resize(begin + size);
    const auto into = std::as_writable_bytes(std::span(made()).subspan(begin));
    if (is_text) {
      join_bytes_tensor(tensor.strings(), into);
    } else if (size > 0) {
      std::memcpy(into.data(), tensor.bytes().data(), size);
    }
  }

  void write_to_region(std::string_view name, const TensorView& tensor, const RegionPart& part,
                       std::size_t size) {
    if (size > part.byte_size) {
      throw Error(ErrorCode::invalid_argument, "shared memory size specified with the request for output " +
                                                   quoted_name(name) + " (" + std::to_string(part.byte_size) +
                                                   " bytes) should be at least " + std::to_string(size) +
                                                   " bytes to hold the results");
    }
    if (tensor.dtype() != DType::string) return part.region->write(part.offset, tensor.bytes());
    std::string joined(size, '\0');
    join_bytes_tensor(tensor.strings(), std::as_writable_bytes(std::span(joined)));
    part.region->write(part.offset, bytes_of(joined));
  }

  GrpcAnswer& answer_;
};

void encode_grpc_answer(const serving::ModelVersion& version, const DecodedInference& asked,
                        const serving::InferenceResult& result, GrpcAnswer& answer) {
  GrpcAnswerWriter writer(answer);
  writer.write_response(version, asked, result, false);
  writer.finish();
}

void encode_grpc_stream_answer(const serving::ModelVersion& version, const DecodedInference& asked,
                               const serving::InferenceResult& result, GrpcAnswer& answer) {
  GrpcAnswerWriter writer(answer);
  writer.write_response(version, asked, result, true);
  writer.wrap(2);
  writer.finish();
}

void encode_grpc_stream_error(std::string_view id, std::string_view message, GrpcAnswer& answer) {
  GrpcAnswerWriter writer(answer);
  append_text(writer.front(), 1, bounded_message(message));
  append_text(writer.made(), 3, id);
  writer.made() += kFinalResponse;
  writer.wrap(2);
  writer.finish();
}

std::string bounded_message(std::string_view message) {
  constexpr std::size_t kLongest = 2000;
  std::string text;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t length = base::utf8_sequence_length(message, at);
    if (length == 0) {
      text += '?';
    } else {
      text += message.substr(at, length);
    }
    if (text.size() > kLongest) return text + "…";
    at += std::max<std::size_t>(length, 1);
  }
  return text;
}

}  // namespace onda::protocol
