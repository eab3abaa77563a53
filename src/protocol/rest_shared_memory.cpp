#include <optional>
#include <string>

#include "onda/error.h"
#include "protocol/json_body.h"
#include "protocol/json_builder.h"
#include "protocol/rest_answers.h"
#include "protocol/tensor_size.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {
namespace {

/// As for system shared memory, so that both say the same where the feature is off.
void require_shared_memory(const serving::Services& services) {
  if (services.allow_client_shm) return;
  throw Error(ErrorCode::unimplemented,
              "Client shared memory is disabled: start the server with --allow-client-shm");
}

}  // namespace

RestResponse answer_system_status(const serving::Services& services, const RestRequest& request) {
  JsonBuilder json;
  json.begin_array();
  for (const serving::SharedMemoryStatus& region :
       services.shared_memory.status(request.route.region.text())) {
    json.begin_object()
        .member("name", region.name)
        .member("key", region.key)
        .member("offset", region.offset)
        .member("byte_size", region.byte_size)
        .end_object();
  }
  json.end_array();
  return {.body = json.finish()};
}

RestResponse answer_register_system(const serving::Services& services, const RestRequest& request) {
  const JsonBody body(request.body, JsonBody::Empty::is_an_object);
  std::optional<std::string> key;
  std::optional<std::uint64_t> byte_size;
  std::uint64_t offset = 0;
  for (const auto& [name, value] : body.members()) {
    if (name == "key") key = json_string(value, name);
    if (name == "offset") offset = json_unsigned(value, name);
    if (name == "byte_size") byte_size = json_unsigned(value, name);
  }
  const std::string_view region = request.route.region.text();
  if (!key || !byte_size) {
    throw Error(ErrorCode::invalid_argument, "failed to register shared memory region " +
                                                 quoted_name(region) + ": the request has no " +
                                                 (key ? "'byte_size'" : "'key'"));
  }
  services.shared_memory.register_system(region, *key, offset, *byte_size);
  return {};
}

RestResponse answer_unregister_system(const serving::Services& services, const RestRequest& request) {
  services.shared_memory.unregister_system(request.route.region.text());
  return {};
}

RestResponse answer_cuda_status() { return {.body = "[]"}; }

RestResponse answer_register_cuda(const serving::Services& services, const RestRequest& request) {
  require_shared_memory(services);
  throw Error(ErrorCode::invalid_argument,
              "failed to register CUDA shared memory region: " + quoted_name(request.route.region.text()) +
                  ", GPUs not supported");
}

RestResponse answer_unregister_cuda(const serving::Services& services) {
  require_shared_memory(services);
  return {};
}

}  // namespace onda::protocol
