#include "protocol/rest_api.h"

#include <exception>
#include <new>

#include "protocol/rest_answers.h"
#include "protocol/rest_infer.h"
#include "protocol/status.h"

namespace onda::protocol {
namespace {

RestResponse method_not_allowed(const Route& route) {
  return {.status = 405,
          .body = R"({"error":"Method Not Allowed"})",
          .headers = {{"Allow", std::string(route.allow)}}};
}

/// As long as a string without a heap may be.
RestResponse no_memory() noexcept { return {.status = 503, .body = R"({"error":"OOM"})"}; }

}  // namespace

RestResponse error_response(const Error& error, serving::FailureSituation situation) {
  RestResponse response{.status = http_status(error.code(), situation), .body = error_body(error.what())};
  if (const auto wait = retry_after(situation)) {
    response.headers.emplace_back("Retry-After", std::to_string(wait->count()));
  }
  return response;
}

RestResponse error_response_of_current_exception() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      return error_response(error);
    } catch (const std::bad_alloc&) {
      return error_response(
          Error(ErrorCode::resource_exhausted, "there is not enough memory for the request"));
    } catch (const std::exception& error) {
      return error_response(Error(ErrorCode::internal, error.what()));
    }
  } catch (...) {
    return no_memory();
  }
}

RestResponse RestApi::handle(const RestRequest& request) const noexcept {
  try {
    return answer(request);
  } catch (...) {
    return error_response_of_current_exception();
  }
}

RestResponse RestApi::answer(const RestRequest& request) const {
  using enum RouteKind;
  const RouteKind kind = request.route.kind;
  if (is_admin(kind) && !request.is_local_peer && !services_.allow_remote_admin) {
    throw Error(
        ErrorCode::permission_denied,
        "only peers on the server's machine may do this, unless it was started with --allow-remote-admin");
  }
  switch (kind) {
    case not_found:
      return {.status = 404, .body = R"({"error":"Not Found"})"};
    case method_not_allowed:
      return protocol::method_not_allowed(request.route);
    case bad_path:
      throw Error(
          ErrorCode::invalid_argument,
          "the path holds a segment that is no valid text: a broken percent-encoding, '/' or NUL encoded, or "
          "no UTF-8");
    case named_repository:
      throw Error(ErrorCode::unimplemented, "'repository_name' specification is not supported");
    case live:
      return answer_live();
    case ready:
      return answer_ready(services_);
    case model_ready:
      return answer_model_ready(services_, request);
    case server_metadata:
      return answer_server_metadata(services_);
    case model_list:
      return answer_model_list(services_);
    case model_metadata:
      return answer_model_metadata(services_, request);
    case model_config:
      return answer_model_config(services_, request);
    case statistics:
      return answer_statistics(services_);
    case model_statistics:
      return answer_model_statistics(services_, request);
    case repository_index:
      return answer_repository_index(services_, request);
    case load:
      return answer_load(services_, request);
    case unload:
      return answer_unload(services_, request);
    case trace_settings:
      return answer_trace_settings(services_, request);
    case set_trace_settings:
      return answer_set_trace_settings(services_, request);
    case log_settings:
      return answer_log_settings(services_);
    case set_log_settings:
      return answer_set_log_settings(services_, request);
    case system_shared_memory_status:
      return answer_system_status(services_, request);
    case register_system_shared_memory:
      return answer_register_system(services_, request);
    case unregister_system_shared_memory:
      return answer_unregister_system(services_, request);
    case cuda_shared_memory_status:
      return answer_cuda_status();
    case register_cuda_shared_memory:
      return answer_register_cuda(services_, request);
    case unregister_cuda_shared_memory:
      return answer_unregister_cuda(services_);
    case infer:
    case classify:
      break;
  }
  throw Error(ErrorCode::internal, "a request for inference was taken for another");
}

}  // namespace onda::protocol
