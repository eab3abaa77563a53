#include "cli/inspect_report.h"

#include <algorithm>

#include "cli/console.h"
#include "cli/json_writer.h"
#include "cli/paragraph.h"
#include "cli/quantity.h"
#include "cli/table.h"

namespace onda::cli {
namespace {

constexpr std::size_t kColumn = 14;
constexpr std::size_t kWidth = 100;

std::string row(std::string_view name, std::string_view content) {
  if (content.empty()) return {};
  return std::string(name) + std::string(kColumn - name.size(), ' ') +
         wrapped(single_line(content), kColumn, kWidth) + '\n';
}

std::string shape_text(const ValueInfo& value) {
  if (value.kind != ValueKind::tensor) return {};
  return value.has_shape ? to_string(value.shape, value.dimension_names) : "any shape";
}

std::string type_text(const ValueInfo& value) {
  if (value.kind == ValueKind::tensor) return std::string(to_string(value.dtype));
  return std::string(to_string(value.kind));
}

std::string declared_type(const ValueInfo& value, const std::vector<runtime::DeclaredValue>& declared) {
  for (const auto& other : declared) {
    if (other.value.name == value.name) return other.type;
  }
  return type_text(value);
}

void add_values(Table& table, std::string_view role, const std::vector<ValueInfo>& loaded,
                const std::vector<runtime::DeclaredValue>& declared, bool loads) {
  std::string heading(role);
  const auto add = [&](const std::string& name, const std::string& type, const std::string& shape,
                       bool is_optional) {
    table.add({heading, name, type, shape, is_optional ? "optional" : ""});
    heading.clear();
  };
  if (loads) {
    for (const auto& value : loaded) {
      // Of what is no tensor the file says more.
      const bool is_tensor = value.kind == ValueKind::tensor;
      add(value.name, is_tensor ? type_text(value) : declared_type(value, declared), shape_text(value),
          value.optional);
    }
    return;
  }
  for (const auto& [value, number, type] : declared) {
    const bool is_known_tensor = value.kind == ValueKind::tensor && value.dtype != DType::undefined;
    add(value.name, is_known_tensor ? type_text(value) : type, is_known_tensor ? shape_text(value) : "",
        value.optional);
  }
}

std::string opset_text(const std::vector<OpsetImport>& opsets) {
  std::string text;
  for (const auto& opset : opsets) {
    text += (text.empty() ? "" : ", ") + (opset.domain.empty() ? std::string("ai.onnx") : opset.domain) +
            ' ' + std::to_string(opset.version);
  }
  return text;
}

std::string operator_text(const std::vector<runtime::OperatorCount>& operators) {
  auto sorted = operators;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  constexpr std::size_t kShown = 24;
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kShown); ++i) {
    const auto& [domain, type, count] = sorted[i];
    text += (text.empty() ? "" : ", ") + (domain.empty() ? type : domain + '.' + type) + ' ' +
            std::to_string(count);
  }
  if (sorted.size() > kShown) text += ", and " + std::to_string(sorted.size() - kShown) + " more";
  return text;
}

std::string weight_text(const runtime::ModelFile& file) {
  if (file.weights == 0) return "none";
  std::string text = std::to_string(file.weights) + " tensors, " + std::to_string(file.weight_elements) +
                     " elements, " + bytes_text(file.inline_weight_bytes) + " in the file";
  if (file.external_weight_bytes > 0)
    text += ", " + bytes_text(file.external_weight_bytes) + " in other files";
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string prepared_text(PreparedState state) {
  return state == PreparedState::used ? "yes" : "no (onda cache warm makes it)";
}

std::string file_text(const runtime::ModelFile& file) {
  if (file.format == runtime::ModelFormat::ort) return row("format", "ONNX Runtime's own (ORT)");
  const auto& metadata = file.metadata;
  std::string text =
      row("producer", metadata.producer_name +
                          (metadata.producer_version.empty() ? "" : " " + metadata.producer_version));
  text += row("graph", metadata.graph_name);
  text += row("domain", metadata.domain);
  if (metadata.model_version != 0) text += row("version", std::to_string(metadata.model_version));
  text += row("description", metadata.description);
  text += row("format", "ONNX, IR version " + std::to_string(metadata.ir_version) + ", opset " +
                            opset_text(metadata.opsets));
  text += row("nodes",
              std::to_string(file.nodes) +
                  (file.functions > 0 ? ", functions " + std::to_string(file.functions) : std::string()));
  text += row("operators", operator_text(file.operators));
  text += row("weights", weight_text(file));
  text += row("other files", joined(file.external_locations()));
  for (const auto& [key, value] : metadata.custom) text += row("metadata", key + " = " + value);
  return text;
}

void write_shape(JsonWriter& json, const ValueInfo& value) {
  json.key("shape");
  if (!value.has_shape) {
    json.null();
    return;
  }
  json.begin_row();
  for (std::size_t axis = 0; axis < value.shape.rank(); ++axis) {
    const bool is_named = axis < value.dimension_names.size() && !value.dimension_names[axis].empty();
    if (value.shape[axis] != Shape::kDynamic) {
      json.value(value.shape[axis]);
    } else if (is_named) {
      json.value(value.dimension_names[axis]);
    } else {
      json.null();
    }
  }
  json.end_array();
}

void write_value(JsonWriter& json, const ValueInfo& value, const std::string& type) {
  json.begin_object().member("name", value.name).member("kind", to_string(value.kind)).member("type", type);
  write_shape(json, value);
  json.member("optional", value.optional).end_object();
}

void write_values(JsonWriter& json, std::string_view key, const std::vector<ValueInfo>& loaded,
                  const std::vector<runtime::DeclaredValue>& declared, bool loads) {
  json.key(key).begin_array();
  if (loads) {
    for (const auto& value : loaded) {
      const bool is_tensor = value.kind == ValueKind::tensor;
      write_value(json, value, is_tensor ? type_text(value) : declared_type(value, declared));
    }
  } else {
    for (const auto& [value, number, type] : declared) {
      const bool is_known_tensor = value.kind == ValueKind::tensor && value.dtype != DType::undefined;
      write_value(json, value, is_known_tensor ? type_text(value) : type);
    }
  }
  json.end_array();
}

void write_file(JsonWriter& json, const runtime::ModelFile& file) {
  const auto& metadata = file.metadata;
  json.member("format", file.format == runtime::ModelFormat::ort ? "ort" : "onnx")
      .member("bytes", file.file_bytes);
  json.member("ir_version", metadata.ir_version).key("opsets").begin_object();
  for (const auto& opset : metadata.opsets)
    json.member(opset.domain.empty() ? "ai.onnx" : opset.domain, opset.version);
  json.end_object()
      .member("producer", metadata.producer_name)
      .member("producer_version", metadata.producer_version);
  json.member("graph", metadata.graph_name).member("domain", metadata.domain);
  json.member("model_version", metadata.model_version).member("description", metadata.description);
  json.key("metadata").begin_object();
  for (const auto& [key, value] : metadata.custom) json.member(key, value);
  json.end_object()
      .member("nodes", file.nodes)
      .member("functions", file.functions)
      .key("operators")
      .begin_array();
  for (const auto& [domain, type, count] : file.operators) {
    json.begin_object_row().member("domain", domain).member("type", type).member("count", count).end_object();
  }
  json.end_array().key("weights").begin_object_row().member("tensors", file.weights);
  json.member("elements", file.weight_elements).member("bytes", file.inline_weight_bytes);
  json.member("external_bytes", file.external_weight_bytes).end_object();
  json.key("external_files").begin_row();
  for (const auto& location : file.external_locations()) json.value(location);
  json.end_array();
}

}  // namespace

std::string inspect_text(const InspectReport& report) {
  std::string text = row("model", report.model) + row("size", bytes_text(report.file.file_bytes));
  text += file_text(report.file);
  for (const auto& [device, refusal] : report.devices) {
    text += row("runs on " + device,
                refusal.empty() ? "yes (ONNX Runtime " + report.runtime_version + ")" : "no: " + refusal);
  }
  if (report.prepared) text += row("prepared", prepared_text(*report.prepared));
  Table table({{""}, {"name"}, {"type"}, {"shape"}, {""}});
  add_values(table, "inputs", report.inputs, report.file.inputs, report.loads);
  add_values(table, "outputs", report.outputs, report.file.outputs, report.loads);
  return table.is_empty() ? text : text + '\n' + table.text();
}

std::string inspect_json(const InspectReport& report) {
  JsonWriter json;
  json.begin_object().member("model", report.model);
  write_file(json, report.file);
  write_values(json, "inputs", report.inputs, report.file.inputs, report.loads);
  write_values(json, "outputs", report.outputs, report.file.outputs, report.loads);
  json.member("onnxruntime", report.runtime_version)
      .member("loads", report.loads)
      .key("devices")
      .begin_array();
  for (const auto& [device, refusal] : report.devices) {
    json.begin_object_row()
        .member("device", device)
        .member("runs", refusal.empty())
        .member("refusal", refusal);
    json.end_object();
  }
  json.end_array().key("prepared");
  if (report.prepared) {
    json.value(*report.prepared == PreparedState::used);
  } else {
    json.null();
  }
  return json.end_object().finish();
}

}  // namespace onda::cli
