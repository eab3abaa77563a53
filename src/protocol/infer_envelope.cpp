#include "protocol/infer_envelope.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "onda/error.h"
#include "protocol/json_tensor_reader.h"
#include "protocol/raw_tensor.h"
#include "protocol/region_part.h"
#include "protocol/tensor_size.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid_argument, why); }

constexpr std::string_view kRegion = "shared_memory_region";
constexpr std::string_view kRegionOffset = "shared_memory_offset";
constexpr std::string_view kRegionByteSize = "shared_memory_byte_size";

}  // namespace

class InferEnvelope::Seen {
 public:
  enum Member : unsigned {
    id = 1,
    parameters = 2,
    inputs = 4,
    outputs = 8,
    name = 16,
    datatype = 32,
    shape = 64,
    data = 128,
  };

  void add(Member member, std::string_view key) {
    if (has(member)) refuse("'" + std::string(key) + "' is there twice");
    members_ |= member;
  }
  [[nodiscard]] bool has(Member member) const noexcept { return (members_ & member) != 0; }

 private:
  unsigned members_ = 0;
};

/// What the parameters of a tensor say of shared memory.
struct RegionMembers {
  std::optional<std::string_view> name = {};
  std::optional<std::uint64_t> byte_size = {};
  std::uint64_t offset = 0;

  [[nodiscard]] bool is_one() const noexcept { return name.has_value(); }
  [[nodiscard]] RegionPart find(const serving::SharedMemoryRegions& regions, std::string_view tensor) const {
    if (!byte_size)
      refuse("'shared_memory_region' of " + quoted_name(tensor) + " needs 'shared_memory_byte_size'");
    return find_region_part(regions, {.name = *name, .offset = offset, .byte_size = *byte_size});
  }
};

struct InferEnvelope::Input {
  Seen seen = {};
  std::string_view name = {};
  DType dtype = DType::undefined;
  Shape shape = {};
  /// Of `data` that came before what says how to read it.
  const char* data_at = nullptr;
  std::optional<TensorView> tensor = {};
  std::optional<std::uint64_t> binary_size = {};
  RegionMembers region = {};

  [[nodiscard]] bool is_described() const noexcept {
    return seen.has(Seen::name) && seen.has(Seen::datatype) && seen.has(Seen::shape);
  }
};

struct InferEnvelope::Output {
  Seen seen = {};
  WantedOutput wanted = {};
  RegionMembers region = {};
};

void InferEnvelope::read() {
  Seen seen;
  cursor_.open('{', "the request");
  bool is_first = true;
  while (const auto key = cursor_.next_member(is_first)) {
    if (*key == "inputs") {
      seen.add(Seen::inputs, "inputs");
      read_inputs();
    } else if (*key == "outputs") {
      seen.add(Seen::outputs, "outputs");
      read_outputs();
    } else if (*key == "id") {
      seen.add(Seen::id, "id");
      out_.id = cursor_.read_string("'id'");
    } else if (*key == "parameters") {
      seen.add(Seen::parameters, "parameters");
      read_request_parameters();
    } else {
      cursor_.skip_value();
    }
  }
  cursor_.expect_end();
  if (!seen.has(Seen::inputs)) refuse("the request has no 'inputs'");
  for (WantedOutput& output : out_.outputs) {
    if (!output.has_own_encoding) output.binary = out_.binary_by_default;
  }
}

void InferEnvelope::read_inputs() {
  cursor_.open('[', "'inputs'");
  bool is_first = true;
  while (cursor_.next_item(is_first)) {
    if (out_.inputs.size() == from_.version.inputs().size()) count_surplus_inputs();
    read_input();
  }
}

/// More inputs than the model has, all of different names: there is no need to look at them.
void InferEnvelope::count_surplus_inputs() {
  std::size_t count = out_.inputs.size();
  bool is_first = true;
  do {
    cursor_.skip_value();
    ++count;
    is_first = false;
  } while (cursor_.next_item(is_first));
  refuse("expected " + std::to_string(from_.version.inputs().size()) + " inputs but got " +
         std::to_string(count) + " inputs for model " + quoted_name(from_.version.model()));
}

void InferEnvelope::read_input() {
  Input input;
  cursor_.open('{', "an item of 'inputs'");
  bool is_first = true;
  while (const auto key = cursor_.next_member(is_first)) {
    if (*key == "name") {
      input.seen.add(Seen::name, "name");
      input.name = cursor_.read_string("'name' of an input");
    } else if (*key == "shape") {
      input.seen.add(Seen::shape, "shape");
      read_shape(input);
    } else if (*key == "datatype") {
      input.seen.add(Seen::datatype, "datatype");
      const std::string_view name = cursor_.read_string("'datatype' of an input");
      const auto dtype = serving::parse_datatype(name);
      if (!dtype) refuse("input " + quoted_name(input.name) + ": there is no datatype " + quoted_name(name));
      input.dtype = *dtype;
    } else if (*key == "data") {
      input.seen.add(Seen::data, "data");
      read_data(input);
    } else if (*key == "parameters") {
      input.seen.add(Seen::parameters, "parameters");
      read_input_parameters(input);
    } else {
      cursor_.skip_value();
    }
  }
  take_input(input);
}

void InferEnvelope::read_shape(Input& input) {
  std::array<std::int64_t, Shape::kMaxRank> dims;
  std::size_t rank = 0;
  cursor_.open('[', "'shape' of an input");
  bool is_first = true;
  while (cursor_.next_item(is_first)) {
    if (rank == dims.size()) {
      refuse("'shape' of input " + quoted_name(input.name) + " has more than " + std::to_string(dims.size()) +
             " dimensions");
    }
    if (cursor_.peek() == '-') {
      refuse("'shape' of input " + quoted_name(input.name) +
             " contains one or more invalid dimensions: none may be negative");
    }
    const std::uint64_t size = cursor_.read_unsigned("a dimension");
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      refuse("'shape' of input " + quoted_name(input.name) +
             " causes total element count to exceed maximum size of " +
             std::to_string(std::numeric_limits<std::int64_t>::max()));
    }
    dims[rank++] = static_cast<std::int64_t>(size);
  }
  input.shape = Shape(std::span<const std::int64_t>(dims).first(rank));
}

void InferEnvelope::read_data(Input& input) {
  if (!input.is_described()) {
    input.data_at = cursor_.position();
    cursor_.skip_value();
    return;
  }
  input.tensor = read_json_tensor(cursor_, {.input = input.name, .dtype = input.dtype, .shape = input.shape},
                                  out_.storage);
}

void InferEnvelope::read_input_parameters(Input& input) {
  cursor_.open('{', "'parameters' of an input");
  bool is_first = true;
  while (const auto key = cursor_.next_member(is_first)) {
    if (*key == "binary_data_size") {
      input.binary_size = cursor_.read_unsigned("'binary_data_size'");
    } else if (*key == kRegion) {
      input.region.name = cursor_.read_string("'shared_memory_region'");
    } else if (*key == kRegionByteSize) {
      input.region.byte_size = cursor_.read_unsigned("'shared_memory_byte_size'");
    } else if (*key == kRegionOffset) {
      input.region.offset = cursor_.read_unsigned("'shared_memory_offset'");
    } else {
      skip_parameter(*key);
    }
  }
}

void InferEnvelope::take_input(Input& input) {
  if (!input.seen.has(Seen::name)) refuse("an item of 'inputs' has no 'name'");
  if (!input.seen.has(Seen::datatype)) refuse("input " + quoted_name(input.name) + " has no 'datatype'");
  if (!input.seen.has(Seen::shape)) refuse("input " + quoted_name(input.name) + " has no 'shape'");
  const unsigned sources = (input.seen.has(Seen::data) ? 1U : 0U) + (input.binary_size ? 1U : 0U) +
                           (input.region.is_one() ? 1U : 0U);
  if (sources != 1) {
    refuse(
        "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', "
        "'shared_memory_region' in 'parameters'. Input " +
        quoted_name(input.name) + (sources == 0 ? " sets none of them" : " sets several of them"));
  }
  for (const NamedView& other : out_.inputs) {
    if (other.name == input.name) refuse("input " + quoted_name(input.name) + " already exists in request");
  }

  const RawTensorType type{.dtype = input.dtype, .shape = input.shape};
  const RawTensorOf of{.input = input.name, .model = from_.version.model()};
  if (input.data_at != nullptr) {
    const char* const behind = cursor_.position();
    cursor_.set_position(input.data_at);
    input.tensor = read_json_tensor(
        cursor_, {.input = input.name, .dtype = input.dtype, .shape = input.shape}, out_.storage);
    cursor_.set_position(behind);
  } else if (input.binary_size) {
    input.tensor = read_raw_tensor(from_.binary.take(*input.binary_size, input.name), type, of, out_.storage);
  } else if (input.region.is_one()) {
    input.tensor = read_region_tensor(input.region.find(from_.regions, input.name), type, of, out_.storage);
  }
  out_.inputs.push_back({input.name, std::move(*input.tensor)});
}

void InferEnvelope::read_outputs() {
  cursor_.open('[', "'outputs'");
  bool is_first = true;
  while (cursor_.next_item(is_first)) read_output();
}

void InferEnvelope::read_output() {
  Output output;
  cursor_.open('{', "an item of 'outputs'");
  bool is_first = true;
  while (const auto key = cursor_.next_member(is_first)) {
    if (*key == "name") {
      output.seen.add(Seen::name, "name");
      output.wanted.name = cursor_.read_string("'name' of an output");
    } else if (*key == "parameters") {
      output.seen.add(Seen::parameters, "parameters");
      read_output_parameters(output);
    } else {
      cursor_.skip_value();
    }
  }
  take_output(output);
}

void InferEnvelope::read_output_parameters(Output& output) {
  cursor_.open('{', "'parameters' of an output");
  bool is_first = true;
  while (const auto key = cursor_.next_member(is_first)) {
    if (*key == "binary_data") {
      output.wanted.binary = cursor_.read_bool("'binary_data'");
      output.wanted.has_own_encoding = true;
    } else if (*key == "classification") {
      const std::uint64_t classes = cursor_.read_unsigned("'classification'");
      output.wanted.classification = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(classes, std::numeric_limits<std::uint32_t>::max()));
    } else if (*key == kRegion) {
      output.region.name = cursor_.read_string("'shared_memory_region'");
    } else if (*key == kRegionByteSize) {
      output.region.byte_size = cursor_.read_unsigned("'shared_memory_byte_size'");
    } else if (*key == kRegionOffset) {
      output.region.offset = cursor_.read_unsigned("'shared_memory_offset'");
    } else {
      skip_parameter(*key);
    }
  }
}

void InferEnvelope::take_output(Output& output) {
  const std::string_view name = output.wanted.name;
  if (!output.seen.has(Seen::name)) refuse("an item of 'outputs' has no 'name'");
  // Here already, so that no more are kept than the model has.
  if (from_.version.find_output(name) == nullptr) {
    refuse("unexpected inference output " + quoted_name(name) + " for model " +
           quoted_name(from_.version.model()));
  }
  for (const WantedOutput& other : out_.outputs) {
    if (other.name == name) refuse("output " + quoted_name(name) + " already exists in request");
  }
  if (output.region.is_one()) output.wanted.region = output.region.find(from_.regions, name);
  out_.outputs.push_back(std::move(output.wanted));
}

void InferEnvelope::read_request_parameters() {
  cursor_.open('{', "'parameters'");
  bool is_first = true;
  while (const auto key = cursor_.next_member(is_first)) read_request_parameter(*key);
}

void InferEnvelope::read_request_parameter(std::string_view key) {
  if (key.starts_with("triton_")) {
    refuse("parameter " + quoted_name(key) +
           ": keys that begin with 'triton_' are reserved for Triton usage and should not be specified");
  }
  if (key == "binary_data_output") {
    out_.binary_by_default = cursor_.read_bool("'binary_data_output'");
  } else if (key == "priority") {
    out_.priority = cursor_.read_unsigned("'priority'");
  } else if (key == "timeout") {
    out_.timeout_us = cursor_.read_unsigned("'timeout'");
  } else if (key == "sequence_id") {
    read_sequence_id();
  } else if (key == "sequence_start" || key == "sequence_end") {
    (void)cursor_.read_bool(key == "sequence_start" ? "'sequence_start'" : "'sequence_end'");
  } else {
    skip_parameter(key);
  }
}

/// Checked and left: no model here has sequences.
void InferEnvelope::read_sequence_id() {
  if (cursor_.peek() == '"') {
    cursor_.skip_value();
  } else {
    (void)cursor_.read_unsigned("'sequence_id'");
  }
}

void InferEnvelope::skip_parameter(std::string_view key) {
  const char next = cursor_.peek();
  if (next == '{' || next == '[' || next == 'n') {
    cursor_.refuse("parameter " + quoted_name(key) + " must be a string, a number or a boolean");
  }
  cursor_.skip_value();
}

}  // namespace onda::protocol
