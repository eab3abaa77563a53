#include "protocol/server_metadata.h"

namespace onda::protocol {

std::vector<std::string_view> server_extensions(const serving::Services& services) {
  std::vector<std::string_view> names = {"classification", "model_repository",
                                         "model_repository(unload_dependents)", "schedule_policy",
                                         "model_configuration"};
  if (services.allow_client_shm) names.emplace_back("system_shared_memory");
  names.insert(names.end(), {"binary_tensor_data", "parameters", "statistics", "trace", "logging"});
  return names;
}

}  // namespace onda::protocol
