#include "protocol/status.h"

#include <array>

namespace onda::protocol {
namespace {

struct Status {
  int http = 500;
  int grpc = 13;
};

// gRPC's numbers, which are part of its wire format
// (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
constexpr int kCancelled = 1;
constexpr int kInvalidArgument = 3;
constexpr int kDeadlineExceeded = 4;
constexpr int kNotFound = 5;
constexpr int kAlreadyExists = 6;
constexpr int kPermissionDenied = 7;
constexpr int kResourceExhausted = 8;
constexpr int kFailedPrecondition = 9;
constexpr int kUnimplemented = 12;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;
constexpr int kDataLoss = 15;
constexpr int kUnauthenticated = 16;

// 499: nginx's status for a client that has gone; nobody reads it but logs.
Status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::shape_mismatch:
    case ErrorCode::type_mismatch:
      return {400, kInvalidArgument};
    case ErrorCode::not_found:
      return {404, kNotFound};
    case ErrorCode::already_exists:
      return {400, kAlreadyExists};
    case ErrorCode::unavailable:
      return {503, kUnavailable};
    case ErrorCode::resource_exhausted:
      return {503, kResourceExhausted};
    case ErrorCode::deadline_exceeded:
      return {504, kDeadlineExceeded};
    case ErrorCode::cancelled:
      return {499, kCancelled};
    case ErrorCode::failed_precondition:
      return {400, kFailedPrecondition};
    case ErrorCode::unimplemented:
      return {501, kUnimplemented};
    case ErrorCode::unauthenticated:
      return {401, kUnauthenticated};
    case ErrorCode::permission_denied:
      return {403, kPermissionDenied};
    case ErrorCode::data_loss:
      return {500, kDataLoss};
    case ErrorCode::internal:
      return {500, kInternal};
  }
  return {};
}

// By situation: what clients expect where the code alone would say something else.
Status status_of(ErrorCode code, serving::FailureSituation situation) noexcept {
  switch (situation) {
    case serving::FailureSituation::none:
      return status_of(code);
    case serving::FailureSituation::queue_full:
      return {503, kResourceExhausted};
    case serving::FailureSituation::queue_timeout:
    case serving::FailureSituation::shutting_down:
      return {503, kUnavailable};
  }
  return status_of(code);
}

}  // namespace

int http_status(ErrorCode code, serving::FailureSituation situation) noexcept {
  return status_of(code, situation).http;
}

int grpc_status(ErrorCode code, serving::FailureSituation situation) noexcept {
  return status_of(code, situation).grpc;
}

std::optional<std::chrono::seconds> retry_after(serving::FailureSituation situation) noexcept {
  if (situation == serving::FailureSituation::queue_full) return std::chrono::seconds(1);
  return std::nullopt;
}

}  // namespace onda::protocol
