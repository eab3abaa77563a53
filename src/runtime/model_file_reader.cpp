#include "runtime/model_file_reader.h"

#include <algorithm>

#include "onda/error.h"
#include "runtime/onnx_fields.h"
#include "runtime/saturating.h"

namespace onda::runtime {
namespace {

using namespace onnx_fields;

/// Protocol buffers' own limit, which ONNX Runtime keeps.
constexpr int kMaxDepth = 100;
constexpr std::uint64_t kMaxNodes = 10'000'000;
constexpr std::uint64_t kMaxHeldBytes = std::uint64_t{64} << 20U;
/// More than any operator's or domain's name has.
constexpr std::uint64_t kMaxOperatorText = 4096;
/// What one entry of a list or a map takes beside its texts, roughly.
constexpr std::uint64_t kEntryBytes = 128;
/// Before this version every initialiser is listed as an input, and none can be given.
constexpr std::int64_t kFirstIrWithOptionalInputs = 4;

/// ONNX's own domain has two spellings.
void make_canonical(std::string& domain) {
  if (domain == "ai.onnx") domain.clear();
}

}  // namespace

ModelFileReader::Nested::Nested(int& depth) : depth_(depth) {
  if (depth_ == kMaxDepth) {
    throw Error(ErrorCode::data_loss, "messages are nested deeper than " + std::to_string(kMaxDepth) +
                                          ", the limit of protocol buffers");
  }
  ++depth_;
}

void ModelFileReader::charge(std::uint64_t bytes) {
  held_bytes_ = saturating_add(held_bytes_, bytes);
  if (held_bytes_ > kMaxHeldBytes) {
    throw Error(ErrorCode::resource_exhausted, "its names and texts take more than 64 MB, the limit");
  }
}

std::string ModelFileReader::text(const Field& field) {
  charge(field.size);
  std::string result;
  stream_.read(field, result);
  return result;
}

void ModelFileReader::operator_text(const Field& field, std::string& to) {
  if (field.size > kMaxOperatorText) {
    throw Error(ErrorCode::resource_exhausted, "an operator's name has " + std::to_string(field.size) +
                                                   " bytes, the limit is " +
                                                   std::to_string(kMaxOperatorText));
  }
  stream_.read(field, to);
}

ModelFile ModelFileReader::read() {
  model(whole_);
  if (!has_graph_) throw Error(ErrorCode::data_loss, "it holds no graph");
  settle_inputs();
  for (const auto& [key, count] : operators_) {
    result_.operators.push_back({.domain = key.first, .type = key.second, .count = count});
    domains_.insert(key.first);
  }
  result_.domains.assign(domains_.begin(), domains_.end());
  return std::move(result_);
}

void ModelFileReader::settle_inputs() {
  const auto has_default = [&](const DeclaredValue& input) {
    return initializers_.contains(input.value.name);
  };
  if (result_.metadata.ir_version < kFirstIrWithOptionalInputs) {
    std::erase_if(result_.inputs, has_default);
  } else {
    for (DeclaredValue& input : result_.inputs) input.value.optional = has_default(input);
  }
}

void ModelFileReader::model(const Field& field) {
  ModelMetadata& metadata = result_.metadata;
  each(field, [&](const Field& part) {
    if (is(part, model_proto::ir_version)) metadata.ir_version = static_cast<std::int64_t>(part.value);
    if (is(part, model_proto::model_version)) metadata.model_version = static_cast<std::int64_t>(part.value);
    if (is(part, model_proto::producer_name)) metadata.producer_name = text(part);
    if (is(part, model_proto::producer_version)) metadata.producer_version = text(part);
    if (is(part, model_proto::domain)) metadata.domain = text(part);
    if (is(part, model_proto::doc_string)) metadata.description = text(part);
    if (is(part, model_proto::graph)) graph(part, Role::initializer);
    if (is(part, model_proto::opset_import)) metadata.opsets.push_back(opset(part));
    if (is(part, model_proto::functions)) function(part);
    if (is(part, model_proto::metadata_props)) {
      auto [key, content] = entry(part);
      charge(kEntryBytes);
      metadata.custom.insert_or_assign(std::move(key), std::move(content));
    }
  });
}

OpsetImport ModelFileReader::opset(const Field& field) {
  charge(2 * kEntryBytes);
  OpsetImport import;
  each(field, [&](const Field& part) {
    if (is(part, opset_proto::domain)) import.domain = text(part);
    if (is(part, opset_proto::version)) import.version = static_cast<std::int64_t>(part.value);
  });
  make_canonical(import.domain);
  domains_.insert(import.domain);
  return import;
}

std::pair<std::string, std::string> ModelFileReader::entry(const Field& field) {
  std::pair<std::string, std::string> result;
  each(field, [&](const Field& part) {
    if (is(part, entry_proto::key)) result.first = text(part);
    if (is(part, entry_proto::value)) result.second = text(part);
  });
  return result;
}

void ModelFileReader::function(const Field& field) {
  ++result_.functions;
  each(field, [&](const Field& part) {
    if (is(part, function_proto::node)) node(part);
    if (is(part, function_proto::opset_import)) (void)opset(part);
    if (is(part, function_proto::attribute)) attribute(part);
  });
}

void ModelFileReader::graph(const Field& field, Role role) {
  has_graph_ = true;
  const bool is_main = role == Role::initializer;
  each(field, [&](const Field& part) {
    if (is(part, graph_proto::node)) node(part);
    if (is(part, graph_proto::initializer)) weight(part, role);
    if (is(part, graph_proto::sparse_initializer)) sparse_weight(part, role);
    if (!is_main) return;
    if (is(part, graph_proto::name)) result_.metadata.graph_name = text(part);
    if (is(part, graph_proto::input)) result_.inputs.push_back(value(part));
    if (is(part, graph_proto::output)) result_.outputs.push_back(value(part));
  });
}

void ModelFileReader::node(const Field& field) {
  if (++result_.nodes > kMaxNodes) {
    throw Error(ErrorCode::resource_exhausted, "it has more than 10 million nodes, the limit");
  }
  // Taken, because nodes within this one use the member too.
  std::pair<std::string, std::string> key = std::exchange(operator_, {});
  key.first.clear();
  key.second.clear();
  each(field, [&](const Field& part) {
    if (is(part, node_proto::domain)) operator_text(part, key.first);
    if (is(part, node_proto::op_type)) operator_text(part, key.second);
    if (is(part, node_proto::attribute)) attribute(part);
  });
  make_canonical(key.first);
  auto found = operators_.find(key);
  if (found == operators_.end()) {
    charge(2 * kEntryBytes + 2 * (key.first.size() + key.second.size()));
    found = operators_.emplace(key, 0).first;
  }
  ++found->second;
  operator_ = std::move(key);
}

void ModelFileReader::attribute(const Field& field) {
  each(field, [&](const Field& part) {
    if (is(part, attribute_proto::tensor) || is(part, attribute_proto::tensors)) weight(part, Role::inner);
    if (is(part, attribute_proto::graph) || is(part, attribute_proto::graphs)) graph(part, Role::inner);
    if (is(part, attribute_proto::sparse_tensor) || is(part, attribute_proto::sparse_tensors)) {
      sparse_weight(part, Role::inner);
    }
  });
}

}  // namespace onda::runtime
