#include <string>
#include <vector>

#include "onda/error.h"
#include "protocol/grpc_answers.h"
#include "protocol/tensor_size.h"
#include "serving/model_manager.h"
#include "telemetry/log_settings.h"
#include "telemetry/trace_settings.h"

namespace onda::protocol {
namespace {

using LogValue = inference::LogSettingsRequest::SettingValue;

[[noreturn]] void refuse_type(std::string_view key, std::string_view expected) {
  throw Error(ErrorCode::invalid_argument, "invalid value type for log setting " + quoted_name(key) +
                                               ", expected " + std::string(expected) + ".");
}

bool bool_of(const std::string& key, const LogValue& value) {
  if (!value.has_bool_param()) refuse_type(key, "bool_param");
  return value.bool_param();
}

const std::string& text_of(const std::string& key, const LogValue& value) {
  if (!value.has_string_param()) refuse_type(key, "string_param");
  return value.string_param();
}

void add_log_setting(const std::string& key, const LogValue& value, telemetry::LogSettingsUpdate& to) {
  if (key == "log_file") {
    to.log_file = text_of(key, value);
  } else if (key == "log_info") {
    to.log_info = bool_of(key, value);
  } else if (key == "log_warning") {
    to.log_warning = bool_of(key, value);
  } else if (key == "log_error") {
    to.log_error = bool_of(key, value);
  } else if (key == "log_verbose_level") {
    if (!value.has_uint32_param()) refuse_type(key, "uint32_param");
    to.log_verbose_level = value.uint32_param();
  } else if (key == "log_format") {
    to.log_format = text_of(key, value);
  } else {
    throw Error(
        ErrorCode::invalid_argument,
        "unknown log setting " + quoted_name(key) +
            ": there are log_file, log_info, log_warning, log_error, log_verbose_level and log_format");
  }
}

}  // namespace

void answer(const GrpcAsked& asked, inference::TraceSettingRequest& request,
            inference::TraceSettingResponse& to) {
  const auto& services = asked.services;
  const std::string& model = request.model_name();
  if (!model.empty() && !services.models.is_ready(model, "")) {
    throw Error(ErrorCode::invalid_argument, "Request for unknown model : " + std::string(model));
  }
  if (!request.settings().empty()) {
    require_trusted(asked);
    std::vector<telemetry::TraceSettingChange> changes;
    for (const auto& [key, setting] : request.settings()) {
      // No value clears, as TraceSettings has it too.
      changes.emplace_back(key, std::vector<std::string>(setting.value().begin(), setting.value().end()));
    }
    services.trace_settings.update(model, changes);
  }
  const telemetry::TraceSetting now = services.trace_settings.effective(model);
  auto& settings = *to.mutable_settings();
  for (const std::string& level : now.trace_level) settings["trace_level"].add_value(level);
  settings["trace_file"].add_value(now.trace_file);
  settings["trace_rate"].add_value(now.trace_rate);
  settings["trace_count"].add_value(now.trace_count);
  settings["log_frequency"].add_value(now.log_frequency);
  settings["trace_mode"].add_value(now.trace_mode);
}

void answer(const GrpcAsked& asked, inference::LogSettingsRequest& request,
            inference::LogSettingsResponse& to) {
  if (!request.settings().empty()) {
    require_trusted(asked);
    telemetry::LogSettingsUpdate update;
    for (const auto& [key, value] : request.settings()) add_log_setting(key, value, update);
    asked.services.log_settings.update(update);
  }
  const telemetry::LogSettingsValues now = asked.services.log_settings.snapshot();
  auto& settings = *to.mutable_settings();
  settings["log_file"].set_string_param(now.log_file);
  settings["log_info"].set_bool_param(now.log_info);
  settings["log_warning"].set_bool_param(now.log_warning);
  settings["log_error"].set_bool_param(now.log_error);
  settings["log_verbose_level"].set_uint32_param(now.log_verbose_level);
  settings["log_format"].set_string_param(std::string(telemetry::to_string(now.log_format)));
}

}  // namespace onda::protocol
