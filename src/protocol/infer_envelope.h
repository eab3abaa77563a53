#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/binary_splitter.h"
#include "protocol/decoded_inference.h"
#include "protocol/json_cursor.h"
#include "serving/model_version.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {

/// Reads the JSON of an inference request, and with it the tensors that it holds or refers to. For one
/// request, on one thread; all that is given outlives it.
class InferEnvelope {
 public:
  struct From {
    /// Followed by JsonCursor::kPadding readable bytes.
    std::string_view json;
    BinarySplitter& binary;
    const serving::ModelVersion& version;
    const serving::SharedMemoryRegions& regions;
  };

  InferEnvelope(const From& from, DecodedInference& out) noexcept
      : from_(from), out_(out), cursor_(from.json, out.storage) {}

  /// Throws invalid_argument, and what reading a region throws.
  void read();

 private:
  /// The members of an object that were met: each may come once.
  class Seen;
  struct Input;
  struct Output;

  void read_inputs();
  void read_input();
  void read_shape(Input& input);
  void read_data(Input& input);
  void read_input_parameters(Input& input);
  void take_input(Input& input);
  void count_surplus_inputs();

  void read_outputs();
  void read_output();
  void read_output_parameters(Output& output);
  void take_output(Output& output);

  void read_request_parameters();
  void read_request_parameter(std::string_view key);
  void read_sequence_id();
  /// A parameter that means nothing here: any value but an object, an array and null.
  void skip_parameter(std::string_view key);

  const From from_;
  DecodedInference& out_;
  JsonCursor cursor_;
};

}  // namespace onda::protocol
