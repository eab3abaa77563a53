#pragma once

#include <string>
#include <string_view>

#include "protocol/grpc_wire.h"
#include "serving/services.h"

namespace onda::protocol {

/// Who calls.
struct GrpcCaller {
  /// It may load, unload, register shared memory and change settings.
  bool is_trusted = false;
};

/// A method with one request and one answer, other than ModelInfer.
struct GrpcMethod {
  /// "/inference.GRPCInferenceService/ServerLive"
  std::string_view path;
  /// It takes as long as loading a model does: not for a thread that others wait for.
  bool is_slow = false;
  /// The serialised answer to a serialised request. Throws Error. From any thread.
  std::string (*answer)(const serving::Services& services, const GrpcCaller& caller,
                        Slices request) = nullptr;
};

/// Null for a path that is none of them.
[[nodiscard]] const GrpcMethod* find_grpc_method(std::string_view path) noexcept;

// The methods that are not among them.
inline constexpr std::string_view kModelInferPath = "/inference.GRPCInferenceService/ModelInfer";
inline constexpr std::string_view kModelStreamInferPath = "/inference.GRPCInferenceService/ModelStreamInfer";
inline constexpr std::string_view kHealthWatchPath = "/grpc.health.v1.Health/Watch";
inline constexpr std::string_view kReflectionPath =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
/// The same messages under the name that newer clients try first.
inline constexpr std::string_view kReflectionV1Path =
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

}  // namespace onda::protocol
