#pragma once

#include "protocol/rest_api.h"
#include "serving/services.h"

/// What RestApi hands the routes to: one function a route or a pair of them, by subject. All throw Error.
namespace onda::protocol {

// rest_health.cpp
[[nodiscard]] RestResponse answer_live();
[[nodiscard]] RestResponse answer_ready(const serving::Services& services);
[[nodiscard]] RestResponse answer_model_ready(const serving::Services& services, const RestRequest& request);

// rest_metadata.cpp
[[nodiscard]] RestResponse answer_server_metadata(const serving::Services& services);
[[nodiscard]] RestResponse answer_model_list(const serving::Services& services);
[[nodiscard]] RestResponse answer_model_metadata(const serving::Services& services,
                                                 const RestRequest& request);
[[nodiscard]] RestResponse answer_model_config(const serving::Services& services, const RestRequest& request);

// rest_statistics.cpp
[[nodiscard]] RestResponse answer_statistics(const serving::Services& services);
[[nodiscard]] RestResponse answer_model_statistics(const serving::Services& services,
                                                   const RestRequest& request);

// rest_repository.cpp
[[nodiscard]] RestResponse answer_repository_index(const serving::Services& services,
                                                   const RestRequest& request);
[[nodiscard]] RestResponse answer_load(const serving::Services& services, const RestRequest& request);
[[nodiscard]] RestResponse answer_unload(const serving::Services& services, const RestRequest& request);

// rest_settings.cpp
[[nodiscard]] RestResponse answer_trace_settings(const serving::Services& services,
                                                 const RestRequest& request);
[[nodiscard]] RestResponse answer_set_trace_settings(const serving::Services& services,
                                                     const RestRequest& request);
[[nodiscard]] RestResponse answer_log_settings(const serving::Services& services);
[[nodiscard]] RestResponse answer_set_log_settings(const serving::Services& services,
                                                   const RestRequest& request);

// rest_shared_memory.cpp
[[nodiscard]] RestResponse answer_system_status(const serving::Services& services,
                                                const RestRequest& request);
[[nodiscard]] RestResponse answer_register_system(const serving::Services& services,
                                                  const RestRequest& request);
[[nodiscard]] RestResponse answer_unregister_system(const serving::Services& services,
                                                    const RestRequest& request);
[[nodiscard]] RestResponse answer_cuda_status();
[[nodiscard]] RestResponse answer_register_cuda(const serving::Services& services,
                                                const RestRequest& request);
[[nodiscard]] RestResponse answer_unregister_cuda(const serving::Services& services);

}  // namespace onda::protocol
