#include <string>
#include <utility>

#include "onda/error.h"
#include "protocol/grpc_answers.h"
#include "protocol/tensor_size.h"
#include "serving/model_manager.h"

namespace onda::protocol {
namespace {

using Parameter = inference::ModelRepositoryParameter;

[[noreturn]] void refuse_repository() {
  throw Error(ErrorCode::unimplemented, "'repository_name' specification is not supported");
}

/// The model of a load or unload, and whether it is named as KServe's clients do it.
struct NamedModel {
  std::string name;
  bool is_kserve = false;
};

template <class Request>
NamedModel model_of(const Request& request) {
  if (request.repository_name().empty()) return {request.model_name()};
  if (!request.model_name().empty()) refuse_repository();
  return {request.repository_name(), true};
}

[[noreturn]] void refuse_type(std::string_view key, std::string_view expected) {
  throw Error(ErrorCode::invalid_argument, "invalid value type for load parameter " + quoted_name(key) +
                                               ", expected " + std::string(expected) + ".");
}

/// The contents of files are moved out of the message: they may be as large as models.
void add_parameter(const std::string& key, Parameter& parameter, serving::LoadOverride& to) {
  constexpr std::string_view kFile = "file:";
  if (key == "config") {
    if (!parameter.has_string_param()) refuse_type(key, "string_param");
    to.config = std::move(*parameter.mutable_string_param());
  } else if (key.starts_with(kFile)) {
    if (!parameter.has_bytes_param()) refuse_type(key, "bytes_param");
    to.files.push_back(
        {.path = key.substr(kFile.size()), .content = std::move(*parameter.mutable_bytes_param())});
  } else {
    throw Error(ErrorCode::invalid_argument, "unrecognized load parameter " + quoted_name(key) +
                                                 ": 'config' and 'file:<version>/<file name>' are known");
  }
}

}  // namespace

void answer(const GrpcAsked& asked, inference::RepositoryIndexRequest& request,
            inference::RepositoryIndexResponse& to) {
  if (!request.repository_name().empty()) refuse_repository();
  for (serving::IndexEntry& entry : asked.services.models.index(request.ready())) {
    auto& line = *to.add_models();
    line.set_name(std::move(entry.model));
    if (entry.version) line.set_version(std::to_string(*entry.version));
    if (entry.state) line.set_state(std::string(serving::to_string(*entry.state)));
    line.set_reason(std::move(entry.reason));
  }
}

void answer(const GrpcAsked& asked, inference::RepositoryModelLoadRequest& request,
            inference::RepositoryModelLoadResponse& to) {
  require_trusted(asked);
  const NamedModel model = model_of(request);
  serving::LoadOverride given;
  for (auto& [key, parameter] : *request.mutable_parameters()) add_parameter(key, parameter, given);
  asked.services.models.load(model.name, given);
  if (!model.is_kserve) return;
  to.set_model_name(model.name);
  to.set_isloaded(true);
}

// Of its parameters none changes anything (`unload_dependents`: no model here depends on another).
void answer(const GrpcAsked& asked, inference::RepositoryModelUnloadRequest& request,
            inference::RepositoryModelUnloadResponse& to) {
  require_trusted(asked);
  const NamedModel model = model_of(request);
  asked.services.models.unload(model.name);
  if (!model.is_kserve) return;
  to.set_model_name(model.name);
  to.set_isunloaded(true);
}

}  // namespace onda::protocol
