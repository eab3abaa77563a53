#include "server/grpc_server.h"

#include <grpcpp/alarm.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <pthread.h>

#include <atomic>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "onda/error.h"
#include "protocol/grpc_method.h"
#include "server/grpc_calls.h"
#include "server/grpc_event.h"
#include "server/grpc_method_service.h"
#include "server/grpc_poster.h"
#include "server/grpc_reset_guard.h"
#include "server/grpc_slow_threads.h"

namespace onda::server {
namespace {

constexpr auto kTick = std::chrono::milliseconds(250);
/// While only the last calls are waited for.
constexpr auto kLastTick = std::chrono::milliseconds(5);

/// Beside the messages that are counted: connections, headers, small calls.
constexpr std::uint64_t kOwnBytes = std::uint64_t{64} << 20U;

/// Clients ping idle connections as often as they were told to; Debian's gRPC calls that an attack below five
/// minutes.
constexpr int kLeastPingIntervalMs = 5000;
/// A client that is gone without a word is noticed after these two.
constexpr int kKeepaliveTimeMs = 60000;
constexpr int kKeepaliveTimeoutMs = 20000;

bool is_path(const std::string& host) { return host.starts_with("unix:"); }

std::string address_of(const std::string& host, int port) {
  if (is_path(host)) return host;
  const bool is_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(const GrpcServerOptions& options, const serving::Services& services)
      : infer_service_(std::string(protocol::kModelInferPath)),
        guard_({.lost_streams = options.max_resets_per_second +
                                static_cast<std::uint64_t>(options.max_concurrent_streams)},
               options.log) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address_of(options.host, options.port), grpc::InsecureServerCredentials(),
                             &port);
    configure(builder, options);
    queue_ = builder.AddCompletionQueue();
    builder.RegisterService(&infer_service_);
    builder.RegisterAsyncGenericService(&generic_service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      drain_queue();
      throw Error(ErrorCode::unavailable, "cannot listen for gRPC at " +
                                              address_of(options.host, options.port) +
                                              ": the address is in use, or none of this machine's");
    }
    address_ = address_of(options.host, port);
    guard_.watch_newest_server();
    poster_ = std::make_shared<GrpcPoster>(*queue_);
    calls_.emplace(GrpcCalls::Parts{.services = services,
                                    .queue = *queue_,
                                    .infer_service = infer_service_,
                                    .generic_service = generic_service_,
                                    .slow_threads = slow_threads_,
                                    .poster = poster_});
    try {
      calls_->begin();
      thread_ = std::thread([this] { serve(); });
    } catch (...) {
      server_->Shutdown(std::chrono::system_clock::now());
      drain_queue();
      throw;
    }
    set_alarm(kTick);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  [[nodiscard]] const std::string& address() const noexcept { return address_; }

  void shutdown(std::chrono::steady_clock::time_point deadline) noexcept {
    if (!thread_.joinable()) return;
    go_to(Phase::ending);
    const auto left = deadline - std::chrono::steady_clock::now();
    server_->Shutdown(std::chrono::system_clock::now() +
                      std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
    // gRPC has waited for its connections. A call whose client closed its own may still be in a model's run.
    go_to(Phase::over);
    thread_.join();
    calls_.reset();
  }

 private:
  enum class Phase { serving, ending, over };

  static void configure(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
    // gRPC's own bound is 4 MB.
    builder.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
    builder.SetMaxSendMessageSize(std::numeric_limits<int>::max());
    grpc::ResourceQuota quota("onda");
    quota.Resize(static_cast<std::size_t>(options.max_inflight_bytes + kOwnBytes));
    builder.SetResourceQuota(quota);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
    // Two servers at one port would share its clients unnoticed.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  }

  void drain_queue() noexcept {
    queue_->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
  }

  void serve() noexcept {
    static_cast<void>(pthread_setname_np(pthread_self(), "onda-grpc"));
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) static_cast<GrpcTag*>(tag)->on_event(ok);
  }

  void on_tick(bool) noexcept {
    switch (phase_.load(std::memory_order_acquire)) {
      case Phase::over:
        if (calls_->are_over()) {
          queue_->Shutdown();
          return;
        }
        calls_->on_tick();
        set_alarm(kLastTick);
        return;
      case Phase::ending:
        calls_->end();
        break;
      case Phase::serving:
        guard_.look();
        break;
    }
    calls_->on_tick();
    set_alarm(kTick);
  }

  void set_alarm(std::chrono::milliseconds delay) noexcept {
    const std::scoped_lock lock(alarm_mutex_);
    if (wants_tick_) delay = std::chrono::milliseconds(0);
    wants_tick_ = false;
    alarm_.Set(queue_.get(), std::chrono::system_clock::now() + delay, tag(tick_));
  }

  /// The queue's thread hears of it at once.
  void go_to(Phase phase) noexcept {
    phase_.store(phase, std::memory_order_release);
    const std::scoped_lock lock(alarm_mutex_);
    // Where the alarm is just going off, there is nothing to cancel.
    wants_tick_ = true;
    alarm_.Cancel();
  }

  grpc::AsyncGenericService generic_service_;
  GrpcMethodService infer_service_;
  GrpcResetGuard guard_;
  GrpcSlowThreads slow_threads_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<GrpcPoster> poster_;
  std::optional<GrpcCalls> calls_;
  std::string address_;
  GrpcEvent<Impl> tick_{*this, &Impl::on_tick};
  std::atomic<Phase> phase_{Phase::serving};
  std::mutex alarm_mutex_;
  grpc::Alarm alarm_;        // guarded by alarm_mutex_
  bool wants_tick_ = false;  // guarded by alarm_mutex_
  std::thread thread_;
};

GrpcServer::GrpcServer(const GrpcServerOptions& options, const serving::Services& services)
    : impl_(std::make_unique<Impl>(options, services)) {}

GrpcServer::~GrpcServer() { shutdown(std::chrono::steady_clock::now()); }

std::string GrpcServer::address() const { return impl_->address(); }

void GrpcServer::shutdown(std::chrono::steady_clock::time_point deadline) noexcept {
  impl_->shutdown(deadline);
}

}  // namespace onda::server
