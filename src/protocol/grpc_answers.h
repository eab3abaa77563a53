#pragma once

#include "protocol/grpc_method.h"
#include "protocol/grpc_service.pb.h"
#include "protocol/health.pb.h"
#include "serving/services.h"

/// The methods that do not run a model, on their generated messages. Answers are empty when they are called.
/// All throw Error, with the texts that clients look for.
namespace onda::protocol {

/// What a method works with.
struct GrpcAsked {
  const serving::Services& services;
  const GrpcCaller& caller;
};

/// Throws permission_denied where the caller may not change anything.
void require_trusted(const GrpcAsked& asked);

void answer(const GrpcAsked& asked, inference::ServerLiveRequest& request, inference::ServerLiveResponse& to);
void answer(const GrpcAsked& asked, inference::ServerReadyRequest& request,
            inference::ServerReadyResponse& to);
void answer(const GrpcAsked& asked, inference::ModelReadyRequest& request, inference::ModelReadyResponse& to);
void answer(const GrpcAsked& asked, grpc::health::v1::HealthCheckRequest& request,
            grpc::health::v1::HealthCheckResponse& to);

void answer(const GrpcAsked& asked, inference::ServerMetadataRequest& request,
            inference::ServerMetadataResponse& to);
void answer(const GrpcAsked& asked, inference::ModelMetadataRequest& request,
            inference::ModelMetadataResponse& to);
void answer(const GrpcAsked& asked, inference::ModelConfigRequest& request,
            inference::ModelConfigResponse& to);
void answer(const GrpcAsked& asked, inference::ModelStatisticsRequest& request,
            inference::ModelStatisticsResponse& to);

void answer(const GrpcAsked& asked, inference::RepositoryIndexRequest& request,
            inference::RepositoryIndexResponse& to);
void answer(const GrpcAsked& asked, inference::RepositoryModelLoadRequest& request,
            inference::RepositoryModelLoadResponse& to);
void answer(const GrpcAsked& asked, inference::RepositoryModelUnloadRequest& request,
            inference::RepositoryModelUnloadResponse& to);

void answer(const GrpcAsked& asked, inference::SystemSharedMemoryStatusRequest& request,
            inference::SystemSharedMemoryStatusResponse& to);
void answer(const GrpcAsked& asked, inference::SystemSharedMemoryRegisterRequest& request,
            inference::SystemSharedMemoryRegisterResponse& to);
void answer(const GrpcAsked& asked, inference::SystemSharedMemoryUnregisterRequest& request,
            inference::SystemSharedMemoryUnregisterResponse& to);
void answer(const GrpcAsked& asked, inference::CudaSharedMemoryStatusRequest& request,
            inference::CudaSharedMemoryStatusResponse& to);
void answer(const GrpcAsked& asked, inference::CudaSharedMemoryRegisterRequest& request,
            inference::CudaSharedMemoryRegisterResponse& to);
void answer(const GrpcAsked& asked, inference::CudaSharedMemoryUnregisterRequest& request,
            inference::CudaSharedMemoryUnregisterResponse& to);

void answer(const GrpcAsked& asked, inference::TraceSettingRequest& request,
            inference::TraceSettingResponse& to);
void answer(const GrpcAsked& asked, inference::LogSettingsRequest& request,
            inference::LogSettingsResponse& to);

}  // namespace onda::protocol
