#include <span>
#include <string>

#include "protocol/json_builder.h"
#include "protocol/rest_answers.h"
#include "protocol/server_metadata.h"
#include "serving/config_writer.h"
#include "serving/datatype.h"
#include "serving/model_manager.h"

namespace onda::protocol {
namespace {

void write_shape(JsonBuilder& json, const serving::TensorSpec& spec, bool is_batched) {
  json.key("shape").begin_array();
  if (spec.has_shape) {
    for (const std::int64_t size : spec.shape.dims()) json.value(size);
  } else {
    // Any rank: what the configuration says as well, [-1], behind the batch dimension.
    if (is_batched) json.value(-1);
    json.value(-1);
  }
  json.end_array();
}

void write_tensors(JsonBuilder& json, std::string_view key, std::span<const serving::TensorSpec> specs,
                   bool is_batched) {
  json.key(key).begin_array();
  for (const serving::TensorSpec& spec : specs) {
    json.begin_object().member("name", spec.name).member("datatype", serving::datatype_name(spec.dtype));
    write_shape(json, spec, is_batched);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

RestResponse answer_server_metadata(const serving::Services& services) {
  JsonBuilder json;
  json.begin_object().member("name", services.server_name).member("version", services.server_version);
  json.key("extensions").begin_array();
  for (const std::string_view name : server_extensions(services)) json.value(name);
  json.end_array().end_object();
  return {.body = json.finish()};
}

RestResponse answer_model_list(const serving::Services& services) {
  JsonBuilder json;
  json.begin_object().key("models").begin_array();
  std::string_view last;
  const auto versions = services.models.all_versions();
  for (const auto& version : versions) {
    if (version->model() != last) json.value(version->model());
    last = version->model();
  }
  json.end_array().end_object();
  return {.body = json.finish()};
}

RestResponse answer_model_metadata(const serving::Services& services, const RestRequest& request) {
  const auto described = services.models.find(request.route.model.text(), request.route.version.text());
  JsonBuilder json;
  json.begin_object().member("name", described->model()).key("versions").begin_array();
  if (request.route.version.text().empty()) {
    for (const auto& version : services.models.versions(described->model()))
      json.value(version->number_text());
  } else {
    json.value(described->number_text());
  }
  json.end_array().member("platform", kPlatformName);
  write_tensors(json, "inputs", described->inputs(), described->is_batched());
  write_tensors(json, "outputs", described->outputs(), described->is_batched());
  json.end_object();
  return {.body = json.finish()};
}

RestResponse answer_model_config(const serving::Services& services, const RestRequest& request) {
  const auto version = services.models.find(request.route.model.text(), request.route.version.text());
  return {.body = serving::config_json(version->config())};
}

}  // namespace onda::protocol
