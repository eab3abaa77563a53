#include "server/grpc_calls.h"

#include <new>
#include <utility>

#include "server/grpc_generic_call.h"
#include "server/grpc_infer_call.h"

namespace onda::server {
namespace {

/// Calls that are waited for at a time. A burst of more waits within gRPC until the next is waited for.
constexpr std::size_t kWaitingInferCalls = 32;
constexpr std::size_t kWaitingGenericCalls = 4;
/// What is kept of those that a burst has needed.
constexpr std::size_t kKeptExchanges = 64;

}  // namespace

GrpcCalls::GrpcCalls(Parts parts) noexcept : parts_(std::move(parts)) {}

GrpcCalls::~GrpcCalls() {
  for (GrpcGenericCall* const call : generic_calls_) std::unique_ptr<GrpcGenericCall>(call).reset();
}

void GrpcCalls::begin() {
  for (std::size_t i = 0; i < kWaitingInferCalls; ++i) wait_for_infer_call();
  for (std::size_t i = 0; i < kWaitingGenericCalls; ++i) wait_for_generic_call();
}

void GrpcCalls::on_tick() noexcept {
  // A call may end at it, and leave the set.
  const std::vector<GrpcGenericCall*> calls(generic_calls_.begin(), generic_calls_.end());
  for (GrpcGenericCall* const call : calls) call->on_tick();
}

void GrpcCalls::wait_for_infer_call() noexcept {
  if (is_ending_) return;
  GrpcInferCall* call = nullptr;
  if (idle_infer_calls_.empty()) {
    call = infer_calls_.emplace_back(std::make_unique<GrpcInferCall>(*this)).get();
    // So that giving one back never allocates.
    idle_infer_calls_.reserve(infer_calls_.capacity());
  } else {
    call = idle_infer_calls_.back();
    idle_infer_calls_.pop_back();
  }
  call->wait();
}

void GrpcCalls::wait_for_generic_call() noexcept {
  if (is_ending_) return;
  auto call = std::make_unique<GrpcGenericCall>(*this);
  generic_calls_.insert(call.get());
  call.release()->wait();
}

void GrpcCalls::give_back(GrpcInferCall& call) noexcept { idle_infer_calls_.push_back(&call); }

void GrpcCalls::give_back(GrpcGenericCall& call) noexcept {
  generic_calls_.erase(&call);
  std::unique_ptr<GrpcGenericCall>(&call).reset();
}

std::unique_ptr<GrpcExchange> GrpcCalls::take_exchange() {
  if (exchanges_.empty()) return std::make_unique<GrpcExchange>(parts_.services);
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void GrpcCalls::give_back(std::unique_ptr<GrpcExchange> exchange) noexcept {
  exchange->finish();
  if (exchanges_.size() < kKeptExchanges) exchanges_.push_back(std::move(exchange));
}

}  // namespace onda::server
