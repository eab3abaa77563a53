#pragma once

#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <utility>

namespace onda::server {

/// A service of one method with one request and one answer, both as bytes.
class GrpcMethodService final : public grpc::Service {
 public:
  /// "/package.Service/Method"
  explicit GrpcMethodService(std::string path) : path_(std::move(path)) {
    using grpc::internal::RpcServiceMethod;
    // gRPC owns it, and borrows its name.
    AddMethod(
        std::make_unique<RpcServiceMethod>(path_.c_str(), RpcServiceMethod::NORMAL_RPC, nullptr).release());
    MarkMethodRaw(0);
  }

  /// Waits for one call. `tag` comes back when it is there; what is given lives until then.
  void request(grpc::ServerContext& context, grpc::ByteBuffer& message,
               grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>& writer, grpc::ServerCompletionQueue& queue,
               void* tag) {
    RequestAsyncUnary(0, &context, &message, &writer, &queue, &queue, tag);
  }

 private:
  const std::string path_;
};

}  // namespace onda::server
