#include "protocol/status.h"

#include <gtest/gtest.h>

namespace onda::protocol {
namespace {

using serving::FailureSituation;

TEST(StatusTest, GivesEachCodeItsStatus) {
  struct Row {
    ErrorCode code;
    int http;
    int grpc;
  };
  const Row rows[] = {
      {ErrorCode::invalid_argument, 400, 3},   {ErrorCode::shape_mismatch, 400, 3},
      {ErrorCode::type_mismatch, 400, 3},      {ErrorCode::not_found, 404, 5},
      {ErrorCode::already_exists, 400, 6},     {ErrorCode::unavailable, 503, 14},
      {ErrorCode::resource_exhausted, 503, 8}, {ErrorCode::deadline_exceeded, 504, 4},
      {ErrorCode::cancelled, 499, 1},          {ErrorCode::failed_precondition, 400, 9},
      {ErrorCode::unimplemented, 501, 12},     {ErrorCode::unauthenticated, 401, 16},
      {ErrorCode::permission_denied, 403, 7},  {ErrorCode::data_loss, 500, 15},
      {ErrorCode::internal, 500, 13},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(http_status(row.code), row.http) << to_string(row.code);
    EXPECT_EQ(grpc_status(row.code), row.grpc) << to_string(row.code);
  }
}

TEST(StatusTest, LetsTheSituationDecide) {
  EXPECT_EQ(http_status(ErrorCode::deadline_exceeded, FailureSituation::queue_timeout), 503);
  EXPECT_EQ(grpc_status(ErrorCode::deadline_exceeded, FailureSituation::queue_timeout), 14);
  EXPECT_EQ(http_status(ErrorCode::unavailable, FailureSituation::queue_full), 503);
  EXPECT_EQ(grpc_status(ErrorCode::unavailable, FailureSituation::queue_full), 8);
  EXPECT_EQ(http_status(ErrorCode::cancelled, FailureSituation::shutting_down), 503);
  EXPECT_EQ(grpc_status(ErrorCode::cancelled, FailureSituation::shutting_down), 14);
}

TEST(StatusTest, InvitesToTryAgainOnlyWhereThatHelps) {
  EXPECT_EQ(retry_after(FailureSituation::queue_full), std::chrono::seconds(1));
  EXPECT_EQ(retry_after(FailureSituation::queue_timeout), std::nullopt);
  EXPECT_EQ(retry_after(FailureSituation::none), std::nullopt);
}

}  // namespace
}  // namespace onda::protocol
