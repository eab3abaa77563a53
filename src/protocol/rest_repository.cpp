#include <string>

#include "onda/error.h"
#include "protocol/base64.h"
#include "protocol/json_body.h"
#include "protocol/json_builder.h"
#include "protocol/rest_answers.h"
#include "protocol/tensor_size.h"
#include "serving/model_manager.h"

namespace onda::protocol {
namespace {

constexpr std::string_view kFile = "file:";

bool asks_for_ready_only(const RestRequest& request) {
  const JsonBody body(request.body, JsonBody::Empty::is_an_object);
  bool ready_only = false;
  for (const auto& [key, value] : body.members()) {
    if (key == "ready") ready_only = json_bool(value, key);
  }
  return ready_only;
}

void add_parameter(serving::LoadOverride& given, std::string_view key, const simdjson::dom::element& value) {
  if (key == "config") {
    given.config = json_string(value, key);
  } else if (key.starts_with(kFile)) {
    const std::string_view text = json_string(value, key);
    // What base64 says is never longer than the text.
    given.files.push_back(
        {.path = std::string(key.substr(kFile.size())), .content = decode_base64(text, text.size())});
  } else {
    throw Error(ErrorCode::invalid_argument, "unrecognized load parameter " + quoted_name(key) +
                                                 ": 'config' and 'file:<version>/<file name>' are known");
  }
}

serving::LoadOverride load_override(const RestRequest& request) {
  const JsonBody body(request.body, JsonBody::Empty::is_an_object);
  serving::LoadOverride given;
  for (const auto& [key, value] : body.members()) {
    if (key != "parameters") continue;
    for (const auto& [name, parameter] : json_object(value, key)) add_parameter(given, name, parameter);
  }
  return given;
}

/// What KServe's server answers; other clients read nothing.
RestResponse done(std::string_view model, std::string_view what) {
  JsonBuilder json;
  json.begin_object().member("name", model).member(what, true).end_object();
  return {.body = json.finish()};
}

}  // namespace

RestResponse answer_repository_index(const serving::Services& services, const RestRequest& request) {
  JsonBuilder json;
  json.begin_array();
  for (const serving::IndexEntry& entry : services.models.index(asks_for_ready_only(request))) {
    json.begin_object().member("name", entry.model);
    if (entry.version) json.member("version", std::to_string(*entry.version));
    if (entry.state) json.member("state", serving::to_string(*entry.state));
    if (!entry.reason.empty()) json.member("reason", entry.reason);
    json.end_object();
  }
  json.end_array();
  return {.body = json.finish()};
}

RestResponse answer_load(const serving::Services& services, const RestRequest& request) {
  const std::string_view model = request.route.model.text();
  services.models.load(model, load_override(request));
  return done(model, "load");
}

RestResponse answer_unload(const serving::Services& services, const RestRequest& request) {
  // Nothing in it changes anything (`unload_dependents`: no model here depends on another), but it must be
  // JSON.
  const JsonBody body(request.body, JsonBody::Empty::is_an_object);
  const std::string_view model = request.route.model.text();
  services.models.unload(model);
  return done(model, "unload");
}

}  // namespace onda::protocol
