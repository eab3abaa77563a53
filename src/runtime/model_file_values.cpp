#include <array>
#include <optional>

#include "onda/dtype.h"
#include "onda/error.h"
#include "runtime/model_file_reader.h"
#include "runtime/onnx_fields.h"

namespace onda::runtime {
namespace {

using namespace onnx_fields;

std::int64_t type_number(const base::StreamedField& field) { return static_cast<std::int32_t>(field.value); }

std::string element_name(std::int64_t number) {
  const auto dtype = dtype_from_onnx(number);
  return dtype ? std::string(to_string(*dtype)) : "unknown type " + std::to_string(number);
}

}  // namespace

DeclaredValue ModelFileReader::value(const Field& field) {
  charge(2 * sizeof(DeclaredValue));
  DeclaredValue result;
  result.value.has_shape = false;
  result.type = "untyped";
  each(field, [&](const Field& part) {
    if (is(part, value_proto::name)) result.value.name = text(part);
    if (is(part, value_proto::type)) type(part, result);
  });
  return result;
}

/// The last of several kinds is the one that counts: they exclude each other.
void ModelFileReader::type(const Field& field, DeclaredValue& to) {
  struct Wrapper {
    Known field;
    ValueKind kind;
    const char* name;
  };
  constexpr std::array wrappers{Wrapper{type_proto::sequence, ValueKind::sequence, "sequence"},
                                Wrapper{type_proto::optional, ValueKind::optional, "optional"}};
  each(field, [&](const Field& part) {
    if (is(part, type_proto::tensor)) {
      to.value.kind = ValueKind::tensor;
      tensor_type(part, to);
      to.type = "tensor(" + element_name(to.onnx_dtype) + ")";
    }
    if (is(part, type_proto::sparse_tensor)) {
      to.value.kind = ValueKind::sparse_tensor;
      tensor_type(part, to);
      to.type = "sparse_tensor(" + element_name(to.onnx_dtype) + ")";
    }
    if (is(part, type_proto::map)) map_type(part, to);
    if (is(part, type_proto::opaque)) {
      to.value.kind = ValueKind::opaque;
      to.type = "opaque";
    }
    for (const Wrapper& wrapper : wrappers) {
      if (!is(part, wrapper.field)) continue;
      to.value.kind = wrapper.kind;
      to.type = std::string(wrapper.name) + "(untyped)";
      each(part, [&](const Field& inner) {
        if (is(inner, type_proto::element))
          to.type = std::string(wrapper.name) + "(" + inner_type(inner) + ")";
      });
    }
  });
}

std::string ModelFileReader::inner_type(const Field& field) {
  DeclaredValue inner;
  inner.type = "untyped";
  type(field, inner);
  return std::move(inner.type);
}

void ModelFileReader::map_type(const Field& field, DeclaredValue& to) {
  to.value.kind = ValueKind::map;
  std::string key = element_name(0);
  std::string mapped = "untyped";
  each(field, [&](const Field& part) {
    if (is(part, type_proto::key)) key = element_name(type_number(part));
    if (is(part, type_proto::mapped)) mapped = inner_type(part);
  });
  to.type = "map(" + key + "," + mapped + ")";
}

void ModelFileReader::tensor_type(const Field& field, DeclaredValue& to) {
  each(field, [&](const Field& part) {
    if (is(part, type_proto::element_number)) {
      to.onnx_dtype = type_number(part);
      to.value.dtype = dtype_from_onnx(to.onnx_dtype).value_or(DType::undefined);
    }
    if (is(part, type_proto::shape)) shape(part, to.value);
  });
}

void ModelFileReader::shape(const Field& field, ValueInfo& to) {
  std::vector<std::int64_t> sizes;
  to.dimension_names.clear();
  each(field, [&](const Field& dimension) {
    if (!is(dimension, shape_proto::dim)) return;
    if (sizes.size() == Shape::kMaxRank) {
      throw Error(ErrorCode::resource_exhausted, "a shape has more than 64 dimensions, the limit");
    }
    charge(sizeof(std::string) + sizeof(std::int64_t));
    sizes.push_back(Shape::kDynamic);
    to.dimension_names.emplace_back();
    each(dimension, [&](const Field& part) {
      if (is(part, shape_proto::value)) {
        const auto size = static_cast<std::int64_t>(part.value);
        sizes.back() = size < 0 ? Shape::kDynamic : size;
        to.dimension_names.back().clear();
      }
      if (is(part, shape_proto::parameter)) {
        sizes.back() = Shape::kDynamic;
        to.dimension_names.back() = text(part);
      }
    });
  });
  to.shape = Shape(std::span<const std::int64_t>(sizes));
  to.has_shape = true;
}

}  // namespace onda::runtime
