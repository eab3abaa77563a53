#pragma once

#include <cstdint>

#include "base/protobuf_wire.h"
#include "base/wire_stream.h"

/// The fields of an ONNX model that are read, under the names of
/// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
namespace onda::runtime::onnx_fields {

inline constexpr auto kVarint = base::WireField::Type::varint;

/// A field by its number and the type that it must have: with another it is an unknown one, and passed over.
struct Known {
  std::uint32_t number;
  base::WireField::Type type = base::WireField::Type::bytes;
};

[[nodiscard]] inline bool is(const base::StreamedField& field, const Known& known) {
  return field.number == known.number && field.type == known.type;
}

namespace model_proto {
inline constexpr Known ir_version{1, kVarint}, producer_name{2}, producer_version{3}, domain{4},
    model_version{5, kVarint}, doc_string{6}, graph{7}, opset_import{8}, metadata_props{14}, functions{25};
}
namespace opset_proto {
inline constexpr Known domain{1}, version{2, kVarint};
}
namespace entry_proto {
inline constexpr Known key{1}, value{2};
}
namespace function_proto {
inline constexpr Known node{7}, opset_import{9}, attribute{11};
}
namespace graph_proto {
inline constexpr Known node{1}, name{2}, initializer{5}, input{11}, output{12}, sparse_initializer{15};
}
namespace node_proto {
inline constexpr Known op_type{4}, attribute{5}, domain{7};
}
namespace attribute_proto {
inline constexpr Known tensor{5}, graph{6}, tensors{10}, graphs{11}, sparse_tensor{22}, sparse_tensors{23};
}
namespace tensor_proto {
inline constexpr Known dim{1, kVarint}, dims{1}, data_type{2, kVarint}, name{8}, external_data{13},
    data_location{14, kVarint};
/// float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data.
inline constexpr std::uint32_t data[]{4, 5, 6, 7, 9, 10, 11};
inline constexpr std::uint64_t kExternal = 1;
}  // namespace tensor_proto
namespace sparse_proto {
inline constexpr Known values{1}, indices{2};
}
namespace value_proto {
inline constexpr Known name{1}, type{2};
}
namespace type_proto {
inline constexpr Known tensor{1}, sequence{4}, map{5}, opaque{7}, sparse_tensor{8}, optional{9};
inline constexpr Known element_number{1, kVarint}, element{1}, shape{2};  // of what is inside
inline constexpr Known key{1, kVarint}, mapped{2};
}  // namespace type_proto
namespace shape_proto {
inline constexpr Known dim{1}, value{1, kVarint}, parameter{2};
}

}  // namespace onda::runtime::onnx_fields
