#include "protocol/grpc_infer.h"

#include <string>

#include "onda/error.h"
#include "protocol/grpc_contents.h"
#include "protocol/grpc_parameters.h"
#include "protocol/raw_tensor.h"
#include "protocol/region_part.h"
#include "protocol/tensor_size.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

using Type = SlicedField::Type;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::invalid_argument, what); }

void add(std::vector<WireExtent>& to, const WireExtent& extent, std::string_view what) {
  if (to.size() == GrpcInferReader::kMostTensors) {
    refuse("the request has more than " + std::to_string(GrpcInferReader::kMostTensors) + " " +
           std::string(what));
  }
  to.push_back(extent);
}

}  // namespace

/// An InferInputTensor; what is repeated in it is in the reader.
struct GrpcInferReader::Input {
  std::string_view name;
  std::string_view datatype;
  GrpcTensorParameters parameters;
  DType dtype = DType::undefined;
  Shape shape;
};

void GrpcInferReader::open(Slices slices, DecodedInference& out) {
  slices_ = slices;
  out_ = &out;
  out.clear();
  out.binary_by_default = true;
  model_name_ = {};
  model_version_ = {};
  for (auto* list : {&parameters_, &inputs_, &outputs_, &raw_}) list->clear();
  SlicedReader reader(slices);
  while (const auto field = reader.next()) {
    if (field->type != Type::bytes) continue;
    switch (field->number) {
      case 1:
        model_name_ = contiguous_text(slices, field->bytes, out.storage);
        break;
      case 2:
        model_version_ = contiguous_text(slices, field->bytes, out.storage);
        break;
      case 3:
        out.id = contiguous_text(slices, field->bytes, out.storage);
        break;
      case 4:
        add(parameters_, field->bytes, "parameters");
        break;
      case 5:
        add(inputs_, field->bytes, "inputs");
        break;
      case 6:
        add(outputs_, field->bytes, "outputs");
        break;
      case 7:
        add(raw_, field->bytes, "raw_input_contents");
        break;
      default:
        break;
    }
  }
}

void GrpcInferReader::decode(const serving::SharedMemoryRegions& regions) {
  GrpcRequestParameters parameters;
  for (const WireExtent& entry : parameters_) parameters.add(read_parameter(slices_, entry, out_->storage));
  parameters.apply(*out_);
  next_raw_ = 0;
  for (const WireExtent& message : inputs_) read_input(message, regions);
  if (next_raw_ < raw_.size()) {
    refuse("expected " + std::to_string(next_raw_) +
           " raw_input_contents, one for each input that is not in shared memory, but got " +
           std::to_string(raw_.size()) + " for model " + quoted_name(model_name_));
  }
  for (const WireExtent& message : outputs_) read_output(message, regions);
}

void GrpcInferReader::add_dimensions(const SlicedField& field, std::string_view input) {
  const auto add_one = [&](std::uint64_t value) {
    if (dims_.size() == Shape::kMaxRank) {
      refuse("shape of input " + quoted_name(input) + " has more than " + std::to_string(Shape::kMaxRank) +
             " dimensions");
    }
    dims_.push_back(static_cast<std::int64_t>(value));
  };
  if (field.type == Type::varint) return add_one(field.value);
  if (field.type != Type::bytes) return;
  SlicedReader numbers(slices_, field.bytes);
  while (!numbers.at_end()) add_one(numbers.varint());
}

GrpcInferReader::Input GrpcInferReader::input_of(const WireExtent& message) {
  Input input;
  contents_.clear();
  dims_.clear();
  SlicedReader reader(slices_, message);
  while (const auto field = reader.next()) {
    if (field->number == 3) add_dimensions(*field, input.name);
    if (field->type != Type::bytes) continue;
    switch (field->number) {
      case 1:
        input.name = contiguous_text(slices_, field->bytes, out_->storage);
        break;
      case 2:
        input.datatype = contiguous_text(slices_, field->bytes, out_->storage);
        break;
      case 4:
        input.parameters.add(read_parameter(slices_, field->bytes, out_->storage));
        break;
      case 5:
        add(contents_, field->bytes, "contents of one input");
        break;
      default:
        break;
    }
  }
  const auto dtype = serving::parse_datatype(input.datatype);
  if (!dtype) {
    refuse("invalid datatype " + quoted_name(input.datatype) + " for input " + quoted_name(input.name) +
           " for model " + quoted_name(model_name_));
  }
  input.dtype = *dtype;
  input.shape = Shape(dims_);
  return input;
}

void GrpcInferReader::read_input(const WireExtent& message, const serving::SharedMemoryRegions& regions) {
  const Input input = input_of(message);
  out_->inputs.push_back({input.name, tensor_of(input, regions)});
}

TensorView GrpcInferReader::tensor_of(const Input& input, const serving::SharedMemoryRegions& regions) {
  static_cast<void>(element_count_of(input.name, input.shape));
  if (const auto part = input.parameters.region(regions, "input", input.name)) {
    if (!contents_.empty()) {
      refuse("unexpected 'contents' along with shared memory for input tensor " + quoted_name(input.name) +
             " for model " + quoted_name(model_name_));
    }
    return shared_tensor(input, *part);
  }
  if (!raw_.empty()) return raw_tensor(input);
  if (contents_.empty()) {
    refuse("unable to find data for input tensor " + quoted_name(input.name) + " for model " +
           quoted_name(model_name_) + " in request.");
  }
  const ContentsOf of{.input = input.name, .model = model_name_, .dtype = input.dtype, .shape = input.shape};
  return decode_contents(slices_, contents_, of, out_->storage);
}

TensorView GrpcInferReader::raw_tensor(const Input& input) {
  if (!contents_.empty()) {
    refuse("contents field must not be specified when using raw_input_contents for " +
           quoted_name(input.name) + " for model " + quoted_name(model_name_));
  }
  if (next_raw_ == raw_.size()) {
    refuse("unable to find data for input tensor " + quoted_name(input.name) + " for model " +
           quoted_name(model_name_) + " in request: it has " + std::to_string(raw_.size()) +
           " raw_input_contents");
  }
  const auto raw = contiguous(slices_, raw_[next_raw_++], out_->storage);
  return read_raw_tensor(raw, {.dtype = input.dtype, .shape = input.shape},
                         {.input = input.name, .model = model_name_}, out_->storage);
}

TensorView GrpcInferReader::shared_tensor(const Input& input, const RegionPart& part) {
  return read_region_tensor(part, {.dtype = input.dtype, .shape = input.shape},
                            {.input = input.name, .model = model_name_}, out_->storage);
}

void GrpcInferReader::read_output(const WireExtent& message, const serving::SharedMemoryRegions& regions) {
  WantedOutput output;
  output.binary = true;
  GrpcTensorParameters parameters;
  SlicedReader reader(slices_, message);
  while (const auto field = reader.next()) {
    if (field->type != Type::bytes) continue;
    if (field->number == 1) output.name = contiguous_text(slices_, field->bytes, out_->storage);
    if (field->number == 2) parameters.add(read_parameter(slices_, field->bytes, out_->storage));
  }
  output.classification = parameters.classification(output.name);
  output.region = parameters.region(regions, "output", output.name);
  out_->outputs.push_back(std::move(output));
}

}  // namespace onda::protocol
