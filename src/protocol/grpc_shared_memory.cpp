#include "onda/error.h"
#include "protocol/grpc_answers.h"
#include "protocol/tensor_size.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {
namespace {

/// As for system shared memory, so that both say the same where the feature is off.
void require_shared_memory(const GrpcAsked& asked) {
  if (asked.services.allow_client_shm) return;
  throw Error(ErrorCode::unimplemented,
              "Client shared memory is disabled: start the server with --allow-client-shm");
}

}  // namespace

void answer(const GrpcAsked& asked, inference::SystemSharedMemoryStatusRequest& request,
            inference::SystemSharedMemoryStatusResponse& to) {
  for (const serving::SharedMemoryStatus& status : asked.services.shared_memory.status(request.name())) {
    auto& region = (*to.mutable_regions())[status.name];
    region.set_name(status.name);
    region.set_key(status.key);
    region.set_offset(status.offset);
    region.set_byte_size(status.byte_size);
  }
}

void answer(const GrpcAsked& asked, inference::SystemSharedMemoryRegisterRequest& request,
            inference::SystemSharedMemoryRegisterResponse&) {
  require_trusted(asked);
  asked.services.shared_memory.register_system(request.name(), request.key(), request.offset(),
                                               request.byte_size());
}

void answer(const GrpcAsked& asked, inference::SystemSharedMemoryUnregisterRequest& request,
            inference::SystemSharedMemoryUnregisterResponse&) {
  require_trusted(asked);
  asked.services.shared_memory.unregister_system(request.name());
}

void answer(const GrpcAsked&, inference::CudaSharedMemoryStatusRequest&,
            inference::CudaSharedMemoryStatusResponse&) {}

void answer(const GrpcAsked& asked, inference::CudaSharedMemoryRegisterRequest& request,
            inference::CudaSharedMemoryRegisterResponse&) {
  require_trusted(asked);
  require_shared_memory(asked);
  throw Error(ErrorCode::invalid_argument, "failed to register CUDA shared memory region: " +
                                               quoted_name(request.name()) + ", GPUs not supported");
}

void answer(const GrpcAsked& asked, inference::CudaSharedMemoryUnregisterRequest&,
            inference::CudaSharedMemoryUnregisterResponse&) {
  require_trusted(asked);
  require_shared_memory(asked);
}

}  // namespace onda::protocol
