#include "runtime/model_io.h"

#include "runtime/element_type.h"
#include "runtime/handles.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

ValueKind to_kind(ONNXType type) {
  switch (type) {
    case ONNX_TYPE_TENSOR:
      return ValueKind::tensor;
    case ONNX_TYPE_SEQUENCE:
      return ValueKind::sequence;
    case ONNX_TYPE_MAP:
      return ValueKind::map;
    case ONNX_TYPE_OPTIONAL:
      return ValueKind::optional;
    case ONNX_TYPE_SPARSETENSOR:
      return ValueKind::sparse_tensor;
    case ONNX_TYPE_OPAQUE:
    case ONNX_TYPE_UNKNOWN:
      break;
  }
  return ValueKind::opaque;
}

/// A string that ONNX Runtime allocates for the caller.
template <class Call>
std::string allocated_string(const Environment& environment, const char* doing, Call&& call) {
  char* text = nullptr;
  check(environment.api(), call(&text), doing);
  const Allocated<char> owned(text, {&environment.api(), environment.allocator()});
  return text == nullptr ? std::string() : std::string(text);
}

void read_tensor(const OrtApi& api, const OrtTypeInfo& type, ValueInfo& info) {
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // belongs to `type`
  check(api, api.CastTypeInfoToTensorInfo(&type, &tensor), "read a type");
  if (tensor == nullptr) return;
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  check(api, api.GetTensorElementType(tensor, &element), "read an element type");
  info.dtype = from_element_type(element);
  info.has_shape = api.TensorTypeAndShape_HasShape(tensor);
  if (!info.has_shape) return;
  std::size_t rank = 0;
  check(api, api.GetDimensionsCount(tensor, &rank), "read a rank");
  std::vector<std::int64_t> dims(rank);
  check(api, api.GetDimensions(tensor, dims.data(), rank), "read dimensions");
  for (auto& dim : dims) dim = dim < 0 ? Shape::kDynamic : dim;
  info.shape = Shape(dims);
  std::vector<const char*> names(rank);  // belong to `type`
  check(api, api.GetSymbolicDimensions(tensor, names.data(), rank), "read dimension names");
  info.dimension_names.resize(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (dims[axis] < 0 && names[axis] != nullptr) info.dimension_names[axis] = names[axis];
  }
}

using CountCall = OrtStatus*(ORT_API_CALL*)(const OrtSession*, std::size_t*);
using NameCall = OrtStatus*(ORT_API_CALL*)(const OrtSession*, std::size_t, OrtAllocator*, char**);
using TypeCall = OrtStatus*(ORT_API_CALL*)(const OrtSession*, std::size_t, OrtTypeInfo**);

void read_values(const Environment& environment, const OrtSession& session, CountCall count_call,
                 NameCall name_call, TypeCall type_call, bool optional, std::vector<ValueInfo>& out) {
  const OrtApi& api = environment.api();
  std::size_t count = 0;
  check(api, count_call(&session, &count), "count inputs and outputs");
  out.reserve(out.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    ValueInfo info;
    info.optional = optional;
    info.name = allocated_string(environment, "read a name", [&](char** text) {
      return name_call(&session, i, environment.allocator(), text);
    });
    OrtTypeInfo* type = nullptr;
    check(api, type_call(&session, i, &type), "read a type");
    const TypeInfoHandle owned(type, {&api});
    ONNXType onnx_type = ONNX_TYPE_UNKNOWN;
    check(api, api.GetOnnxTypeFromTypeInfo(type, &onnx_type), "read a type");
    info.kind = to_kind(onnx_type);
    if (info.kind == ValueKind::tensor) read_tensor(api, *type, info);
    out.push_back(std::move(info));
  }
}

}  // namespace

ModelIo read_model_io(const Environment& environment, const OrtSession& session) {
  const OrtApi& api = environment.api();
  ModelIo io;
  read_values(environment, session, api.SessionGetInputCount, api.SessionGetInputName,
              api.SessionGetInputTypeInfo, false, io.inputs);
  read_values(environment, session, api.SessionGetOverridableInitializerCount,
              api.SessionGetOverridableInitializerName, api.SessionGetOverridableInitializerTypeInfo, true,
              io.inputs);
  read_values(environment, session, api.SessionGetOutputCount, api.SessionGetOutputName,
              api.SessionGetOutputTypeInfo, false, io.outputs);
  return io;
}

ModelMetadata read_model_metadata(const Environment& environment, const OrtSession& session) {
  const OrtApi& api = environment.api();
  OrtAllocator* allocator = environment.allocator();
  OrtModelMetadata* raw = nullptr;
  check(api, api.SessionGetModelMetadata(&session, &raw), "read the model's metadata");
  const ModelMetadataHandle owned(raw, {&api});
  const auto text = [&](auto call) {
    return allocated_string(environment, "read the model's metadata",
                            [&](char** out) { return call(raw, allocator, out); });
  };
  ModelMetadata metadata;
  metadata.producer_name = text(api.ModelMetadataGetProducerName);
  metadata.graph_name = text(api.ModelMetadataGetGraphName);
  metadata.domain = text(api.ModelMetadataGetDomain);
  metadata.description = text(api.ModelMetadataGetDescription);
  check(api, api.ModelMetadataGetVersion(raw, &metadata.model_version), "read the model's version");

  char** keys = nullptr;
  std::int64_t count = 0;
  check(api, api.ModelMetadataGetCustomMetadataMapKeys(raw, allocator, &keys, &count),
        "read the model's metadata");
  const Allocated<char*> owned_keys(keys, {&api, allocator});
  std::vector<Allocated<char>> each;
  for (std::int64_t i = 0; i < count; ++i) each.emplace_back(keys[i], AllocatedReleaser{&api, allocator});
  for (const auto& key : each) {
    metadata.custom[key.get()] = allocated_string(environment, "read the model's metadata", [&](char** out) {
      return api.ModelMetadataLookupCustomMetadataMap(raw, allocator, key.get(), out);
    });
  }
  return metadata;
}

}  // namespace onda::runtime
