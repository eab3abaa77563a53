#include "server/grpc_exchange.h"

#include <exception>
#include <new>
#include <utility>

#include "protocol/rest_infer.h"
#include "protocol/status.h"
#include "serving/inflight_bytes.h"
#include "serving/model_manager.h"
#include "serving/model_version.h"
#include "telemetry/tracer.h"

namespace onda::server {
namespace {

/// Decoding more than this takes longer than handing it to a worker.
constexpr std::size_t kQuickBytes = std::size_t{1} << 20U;
/// Memory that is kept from request to request.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20U;

Error too_much_in_flight(std::uint64_t bytes, std::uint64_t limit) {
  return {ErrorCode::resource_exhausted,
          "a request of " + std::to_string(bytes) +
              " bytes does not fit beside those that are being answered, which may "
              "have " +
              std::to_string(limit) + " bytes together (--max-inflight-bytes); try again"};
}

}  // namespace

grpc::Status status_of(const Error& error, serving::FailureSituation situation) {
  return {static_cast<grpc::StatusCode>(protocol::grpc_status(error.code(), situation)),
          protocol::bounded_message(error.what())};
}

grpc::Status status_of_current_exception() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      return status_of(error);
    } catch (const std::bad_alloc&) {
      return status_of(Error(ErrorCode::resource_exhausted, "there is not enough memory for the request"));
    } catch (const std::exception& error) {
      return status_of(Error(ErrorCode::internal, error.what()));
    }
  } catch (...) {
    // Short enough to need no memory.
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "no memory"};
  }
}

void GrpcExchange::Decoding::run() noexcept { exchange_.decode_and_submit(false); }

void GrpcExchange::start(grpc::ByteBuffer& message, const Call& call, Owner& owner) noexcept {
  owner_ = &owner;
  call_ = call;
  status_ = grpc::Status::OK;
  is_traced_ = false;
  const std::uint64_t bytes = message.Valid() ? message.Length() : 0;
  try {
    message_.take(message);
    if (!services_.inflight.try_take(bytes)) {
      // For its id.
      if (call.is_streamed) reader_.open(message_.slices(), decoded_);
      throw too_much_in_flight(bytes, services_.inflight.limit());
    }
    taken_bytes_ = bytes;
  } catch (...) {
    fail_by_current_exception();
    owner_->on_answer();
    return;
  }
  if (bytes > kQuickBytes) {
    services_.workers.post(decoding_);
  } else {
    decode_and_submit(true);
  }
}

void GrpcExchange::decode_and_submit(bool is_on_own_thread) noexcept {
  std::shared_ptr<serving::ModelVersion> kept;
  try {
    decode();
    kept = version;
  } catch (...) {
    fail_by_current_exception();
    let_version_go();
    owner_->on_answer();
    return;
  }
  result.times.received = call_.received;
  // Kept, as `on_complete` lets it go within the call.
  kept->submit(*this, is_on_own_thread ? serving::Caller::io_thread : serving::Caller::any_thread);
}

void GrpcExchange::decode() {
  reader_.open(message_.slices(), decoded_);
  auto found = services_.models.find(reader_.model_name(), reader_.model_version());
  is_traced_ = found->traces_next();
  reader_.decode(services_.shared_memory);
  protocol::check_outputs(*found, decoded_);
  protocol::fill_request(*this, decoded_);
  deadline = call_.deadline;
  const std::scoped_lock lock(version_mutex_);
  version = std::move(found);
}

void GrpcExchange::abandon() noexcept {
  const std::scoped_lock lock(version_mutex_);
  // It is not decoded yet, or answered already, where there is none.
  const auto kept = version;
  if (kept != nullptr) cancel();
}

void GrpcExchange::on_complete() noexcept {
  if (result.error) {
    fail(*result.error, result.situation);
  } else {
    try {
      encode();
    } catch (...) {
      fail_by_current_exception();
    }
  }
  if (is_traced_) trace();
  let_version_go();
  owner_->on_answer();
}

void GrpcExchange::encode() {
  if (call_.is_streamed) {
    protocol::encode_grpc_stream_answer(*version, decoded_, result, encoded_);
  } else {
    protocol::encode_grpc_answer(*version, decoded_, result, encoded_);
  }
  answer_ = buffer_of(encoded_, result.hold);
  // The buffer holds what it needs.
  encoded_.clear();
  result.outputs.clear();
  result.hold.reset();
}

void GrpcExchange::fail(const Error& error, serving::FailureSituation situation) noexcept {
  try {
    if (!call_.is_streamed) {
      status_ = status_of(error, situation);
      return;
    }
    protocol::encode_grpc_stream_error(decoded_.id, error.what(), encoded_);
    answer_ = buffer_of(encoded_, nullptr);
  } catch (...) {
    status_ = status_of_current_exception();
  }
}

void GrpcExchange::fail_by_current_exception() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      fail(error, serving::FailureSituation::none);
    } catch (const std::bad_alloc&) {
      fail(Error(ErrorCode::resource_exhausted, "there is not enough memory for the request"),
           serving::FailureSituation::none);
    } catch (const std::exception& error) {
      fail(Error(ErrorCode::internal, error.what()), serving::FailureSituation::none);
    }
  } catch (...) {
    status_ = status_of_current_exception();
  }
}

void GrpcExchange::trace() const noexcept {
  const serving::RequestTimes& times = result.times;
  services_.tracer.write({.model_name = version->model(),
                          .model_version = version->number(),
                          .request_id = decoded_.id,
                          .times = {.request_start = times.received,
                                    .queue_start = times.queued,
                                    .compute_start = times.compute_begin,
                                    .compute_input_end = times.infer_begin,
                                    .compute_output_start = times.infer_end,
                                    .compute_end = times.compute_end,
                                    .request_end = std::chrono::steady_clock::now()}});
}

void GrpcExchange::let_version_go() noexcept {
  const std::scoped_lock lock(version_mutex_);
  version.reset();
}

void GrpcExchange::finish() noexcept {
  if (taken_bytes_ > 0) services_.inflight.give_back(std::exchange(taken_bytes_, 0));
  reset();
  decoded_.clear();
  decoded_.storage.shrink(kKeptBytes);
  encoded_.clear();
  message_.clear();
  answer_.Clear();
  status_ = grpc::Status::OK;
  owner_ = nullptr;
}

}  // namespace onda::server
