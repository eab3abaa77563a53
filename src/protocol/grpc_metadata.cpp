#include <span>

#include "protocol/grpc_answers.h"
#include "protocol/server_metadata.h"
#include "serving/config_writer.h"
#include "serving/datatype.h"
#include "serving/model_manager.h"
#include "serving/model_version.h"

namespace onda::protocol {
namespace {

using Tensors = google::protobuf::RepeatedPtrField<inference::ModelMetadataResponse::TensorMetadata>;

void write_tensors(std::span<const serving::TensorSpec> specs, bool is_batched, Tensors& to) {
  for (const serving::TensorSpec& spec : specs) {
    auto& tensor = *to.Add();
    tensor.set_name(spec.name);
    tensor.set_datatype(std::string(serving::datatype_name(spec.dtype)));
    if (spec.has_shape) {
      tensor.mutable_shape()->Add(spec.shape.dims().begin(), spec.shape.dims().end());
    } else {
      // Any rank: what the configuration says as well, [-1], behind the batch dimension.
      if (is_batched) tensor.add_shape(Shape::kDynamic);
      tensor.add_shape(Shape::kDynamic);
    }
  }
}

}  // namespace

void answer(const GrpcAsked& asked, inference::ServerMetadataRequest&,
            inference::ServerMetadataResponse& to) {
  to.set_name(asked.services.server_name);
  to.set_version(asked.services.server_version);
  for (const std::string_view name : server_extensions(asked.services)) to.add_extensions(std::string(name));
}

void answer(const GrpcAsked& asked, inference::ModelMetadataRequest& request,
            inference::ModelMetadataResponse& to) {
  const auto described = asked.services.models.find(request.name(), request.version());
  to.set_name(described->model());
  if (request.version().empty()) {
    for (const auto& version : asked.services.models.versions(described->model())) {
      to.add_versions(version->number_text());
    }
  } else {
    to.add_versions(described->number_text());
  }
  to.set_platform(std::string(kPlatformName));
  write_tensors(described->inputs(), described->is_batched(), *to.mutable_inputs());
  write_tensors(described->outputs(), described->is_batched(), *to.mutable_outputs());
}

void answer(const GrpcAsked& asked, inference::ModelConfigRequest& request,
            inference::ModelConfigResponse& to) {
  const auto version = asked.services.models.find(request.name(), request.version());
  serving::write_config(version->config(), *to.mutable_config());
}

}  // namespace onda::protocol
