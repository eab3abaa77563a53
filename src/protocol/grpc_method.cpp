#include "protocol/grpc_method.h"

#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "onda/error.h"
#include "protocol/grpc_answers.h"

namespace onda::protocol {
namespace {

void parse(Slices slices, google::protobuf::Message& message) {
  namespace io = google::protobuf::io;
  std::deque<io::ArrayInputStream> streams;
  std::vector<io::ZeroCopyInputStream*> all;
  for (const auto slice : slices) {
    all.push_back(&streams.emplace_back(slice.data(), static_cast<int>(slice.size())));
  }
  io::ConcatenatingInputStream joined(all.data(), static_cast<int>(all.size()));
  if (message.ParseFromZeroCopyStream(&joined)) return;
  throw Error(ErrorCode::invalid_argument, "the request is not a valid " + message.GetTypeName());
}

template <class Request, class Response>
std::string answer_with(const serving::Services& services, const GrpcCaller& caller, Slices slices) {
  Request request;
  parse(slices, request);
  Response response;
  answer({.services = services, .caller = caller}, request, response);
  std::string bytes;
  if (response.SerializeToString(&bytes)) return bytes;
  throw Error(ErrorCode::resource_exhausted, "the answer is too large for a message of gRPC");
}

#define ONDA_GRPC_METHOD(method, is_slow)                                    \
  GrpcMethod {                                                               \
    "/inference.GRPCInferenceService/" #method, is_slow,                     \
        answer_with<inference::method##Request, inference::method##Response> \
  }

constexpr std::array kMethods = {
    ONDA_GRPC_METHOD(ServerLive, false),
    ONDA_GRPC_METHOD(ServerReady, false),
    ONDA_GRPC_METHOD(ModelReady, false),
    ONDA_GRPC_METHOD(ServerMetadata, false),
    ONDA_GRPC_METHOD(ModelMetadata, false),
    ONDA_GRPC_METHOD(ModelConfig, false),
    ONDA_GRPC_METHOD(ModelStatistics, false),
    ONDA_GRPC_METHOD(RepositoryIndex, false),
    ONDA_GRPC_METHOD(RepositoryModelLoad, true),
    ONDA_GRPC_METHOD(RepositoryModelUnload, true),
    ONDA_GRPC_METHOD(SystemSharedMemoryStatus, false),
    ONDA_GRPC_METHOD(SystemSharedMemoryRegister, false),
    ONDA_GRPC_METHOD(SystemSharedMemoryUnregister, false),
    ONDA_GRPC_METHOD(CudaSharedMemoryStatus, false),
    ONDA_GRPC_METHOD(CudaSharedMemoryRegister, false),
    ONDA_GRPC_METHOD(CudaSharedMemoryUnregister, false),
    ONDA_GRPC_METHOD(TraceSetting, false),
    ONDA_GRPC_METHOD(LogSettings, false),
    GrpcMethod{"/grpc.health.v1.Health/Check", false,
               answer_with<grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse>},
};

#undef ONDA_GRPC_METHOD

}  // namespace

void require_trusted(const GrpcAsked& asked) {
  if (asked.caller.is_trusted) return;
  throw Error(
      ErrorCode::permission_denied,
      "only peers on the server's machine may do this, unless it was started with --allow-remote-admin");
}

const GrpcMethod* find_grpc_method(std::string_view path) noexcept {
  const auto found = std::ranges::find(kMethods, path, &GrpcMethod::path);
  return found == kMethods.end() ? nullptr : &*found;
}

}  // namespace onda::protocol
