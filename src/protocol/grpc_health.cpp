#include "protocol/grpc_answers.h"
#include "serving/model_manager.h"

namespace onda::protocol {

void answer(const GrpcAsked&, inference::ServerLiveRequest&, inference::ServerLiveResponse& to) {
  to.set_live(true);
}

void answer(const GrpcAsked& asked, inference::ServerReadyRequest&, inference::ServerReadyResponse& to) {
  to.set_ready(asked.services.models.is_ready());
}

// Not ready and unknown are answers here, no errors: clients poll it while a model loads.
void answer(const GrpcAsked& asked, inference::ModelReadyRequest& request,
            inference::ModelReadyResponse& to) {
  to.set_ready(asked.services.models.is_ready(request.name(), request.version()));
}

// Whatever service is named: they all are as ready as the server.
void answer(const GrpcAsked& asked, grpc::health::v1::HealthCheckRequest&,
            grpc::health::v1::HealthCheckResponse& to) {
  using Response = grpc::health::v1::HealthCheckResponse;
  to.set_status(asked.services.models.is_ready() ? Response::SERVING : Response::NOT_SERVING);
}

}  // namespace onda::protocol
