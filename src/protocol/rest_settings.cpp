#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "onda/error.h"
#include "protocol/json_body.h"
#include "protocol/json_builder.h"
#include "protocol/rest_answers.h"
#include "protocol/tensor_size.h"
#include "serving/model_manager.h"
#include "telemetry/log_settings.h"
#include "telemetry/trace_settings.h"

namespace onda::protocol {
namespace {

RestResponse trace_response(const telemetry::TraceSetting& setting) {
  JsonBuilder json;
  json.begin_object().key("trace_level").begin_array();
  for (const std::string& level : setting.trace_level) json.value(level);
  json.end_array()
      .member("trace_rate", setting.trace_rate)
      .member("trace_count", setting.trace_count)
      .member("log_frequency", setting.log_frequency)
      .member("trace_file", setting.trace_file)
      .member("trace_mode", setting.trace_mode)
      .end_object();
  return {.body = json.finish()};
}

void require_model(const serving::Services& services, std::string_view model) {
  if (model.empty() || services.models.is_ready(model, "")) return;
  throw Error(ErrorCode::invalid_argument, "Request for unknown model : " + std::string(model));
}

/// Text, or a number, which some clients send instead.
std::string setting_text(const simdjson::dom::element& value, std::string_view key) {
  if (value.is_int64()) return std::to_string(std::int64_t{value});
  return std::string(json_string(value, key));
}

telemetry::TraceSettingChange trace_change(std::string_view key, const simdjson::dom::element& value) {
  telemetry::TraceSettingChange change{std::string(key), std::nullopt};
  if (value.is_null()) return change;
  auto& values = change.second.emplace();
  simdjson::dom::array items;
  if (value.get(items) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : items) values.push_back(setting_text(item, key));
  } else {
    values.push_back(setting_text(value, key));
  }
  return change;
}

RestResponse log_response(const telemetry::LogSettingsValues& values) {
  JsonBuilder json;
  json.begin_object()
      .member("log_file", values.log_file)
      .member("log_info", values.log_info)
      .member("log_warning", values.log_warning)
      .member("log_error", values.log_error)
      .member("log_verbose_level", values.log_verbose_level)
      .member("log_format", telemetry::to_string(values.log_format))
      .end_object();
  return {.body = json.finish()};
}

void add_log_setting(telemetry::LogSettingsUpdate& update, std::string_view key,
                     const simdjson::dom::element& value) {
  if (key == "log_file") {
    if (!value.is_null()) update.log_file = json_string(value, key);
  } else if (key == "log_info") {
    update.log_info = json_bool(value, key);
  } else if (key == "log_warning") {
    update.log_warning = json_bool(value, key);
  } else if (key == "log_error") {
    update.log_error = json_bool(value, key);
  } else if (key == "log_verbose_level") {
    if (!value.is_int64()) (void)json_unsigned(value, key);
    // More than a signed number holds is no level either.
    update.log_verbose_level = value.is_int64() ? std::int64_t{value} : std::int64_t{-1};
  } else if (key == "log_format") {
    update.log_format = json_string(value, key);
  } else {
    throw Error(
        ErrorCode::invalid_argument,
        "unknown log setting " + quoted_name(key) +
            ": there are log_file, log_info, log_warning, log_error, log_verbose_level and log_format");
  }
}

}  // namespace

RestResponse answer_trace_settings(const serving::Services& services, const RestRequest& request) {
  const std::string_view model = request.route.model.text();
  require_model(services, model);
  return trace_response(services.trace_settings.effective(model));
}

RestResponse answer_set_trace_settings(const serving::Services& services, const RestRequest& request) {
  const std::string_view model = request.route.model.text();
  require_model(services, model);
  const JsonBody body(request.body, JsonBody::Empty::is_refused);
  std::vector<telemetry::TraceSettingChange> changes;
  for (const auto& [key, value] : body.members()) changes.push_back(trace_change(key, value));
  services.trace_settings.update(model, changes);
  return trace_response(services.trace_settings.effective(model));
}

RestResponse answer_log_settings(const serving::Services& services) {
  return log_response(services.log_settings.snapshot());
}

RestResponse answer_set_log_settings(const serving::Services& services, const RestRequest& request) {
  const JsonBody body(request.body, JsonBody::Empty::is_refused);
  telemetry::LogSettingsUpdate update;
  for (const auto& [key, value] : body.members()) add_log_setting(update, key, value);
  services.log_settings.update(update);
  return log_response(services.log_settings.snapshot());
}

}  // namespace onda::protocol
