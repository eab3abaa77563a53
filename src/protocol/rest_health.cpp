#include "protocol/json_builder.h"
#include "protocol/rest_answers.h"
#include "protocol/rest_infer.h"
#include "serving/model_manager.h"

namespace onda::protocol {
namespace {

/// 400, as the protocol's reference has it; while it drains the server says that it will not be ready again.
RestResponse not_ready(const serving::Services& services, std::string_view why) {
  return {.status = services.models.is_draining() ? 503 : 400, .body = error_body(why)};
}

}  // namespace

RestResponse answer_live() { return {.body = R"({"live":true})"}; }

RestResponse answer_ready(const serving::Services& services) {
  if (services.models.is_ready()) return {.body = R"({"live":true,"ready":true})"};
  return not_ready(services,
                   services.models.is_draining() ? "The server is shutting down" : "Server not ready");
}

RestResponse answer_model_ready(const serving::Services& services, const RestRequest& request) {
  const std::string_view model = request.route.model.text();
  // A version that takes no requests any more is of no use to who asks.
  if (services.models.is_draining() || !services.models.is_ready(model, request.route.version.text())) {
    return not_ready(services, "Model version not ready");
  }
  JsonBuilder json;
  json.begin_object().member("name", model).member("ready", true).end_object();
  return {.body = json.finish()};
}

}  // namespace onda::protocol
