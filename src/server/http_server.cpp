#include "server/http_server.h"

#include <algorithm>
#include <future>
#include <utility>
#include <vector>

#include "protocol/rest_api.h"
#include "server/connection.h"
#include "server/connection_acceptor.h"
#include "server/connection_context.h"
#include "server/connection_thread.h"
#include "server/listener.h"
#include "serving/worker_threads.h"

namespace onda::server {
namespace {

/// Loads and unloads at a time: they mostly wait, and each model's follow one another anyway.
constexpr unsigned kAdministrators = 2;

template <class Call>
class CallTask final : public LoopTask {
 public:
  explicit CallTask(Call& call) noexcept : call_(call) {}
  void run() noexcept override {
    call_();
    done_.set_value();
  }
  void wait() { done_.get_future().wait(); }

 private:
  Call& call_;
  std::promise<void> done_;
};

/// Has the loop's thread run something, and waits for that.
template <class Call>
void run_on(ConnectionThread& thread, Call call) {
  CallTask<Call> task(call);
  thread.loop().post(task);
  task.wait();
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, const serving::Services& services)
      : options_(std::move(options)),
        api_(services),
        administration_(kAdministrators),
        control_("onda-control", options_.timeouts.tick),
        io_threads_(make_io_threads(options_)),
        context_{.options = options_,
                 .services = services,
                 .api = api_,
                 .administration = administration_,
                 .control = control_,
                 .io_threads = io_threads_} {
    if (options_.http_port) {
      http_address_ = listen(Listener::at_port(options_.host, *options_.http_port), Connection::Service::api);
    }
    if (options_.unix_socket) listen(Listener::at_path(*options_.unix_socket), Connection::Service::api);
    if (options_.metrics_port) {
      metrics_address_ = listen(Listener::at_port(options_.metrics_host, *options_.metrics_port),
                                Connection::Service::metrics);
    }
    for (const auto& thread : io_threads_) thread->start();
    control_.start();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { drain(std::chrono::steady_clock::time_point::min()); }

  [[nodiscard]] const std::string& http_address() const noexcept { return http_address_; }
  [[nodiscard]] const std::string& metrics_address() const noexcept { return metrics_address_; }

  [[nodiscard]] HttpServerStatistics statistics() const noexcept {
    return {.open_connections = context_.count.open(),
            .accepted_connections = context_.accepted.value(),
            .refused_connections = context_.refused.value(),
            .requests = context_.requests.value(),
            .timeouts = context_.timeouts.value()};
  }

  void drain(std::chrono::steady_clock::time_point deadline) {
    if (std::exchange(is_over_, true)) return;
    context_.is_draining.store(true);
    run_on(control_, [this] {
      // A connection that was made before is one that was accepted, as its client sees it.
      for (const auto& acceptor : acceptors_) acceptor->take_all();
      acceptors_.clear();
    });
    on_each_thread(&Connection::on_drain);
    if (!context_.count.wait_for_none(deadline)) {
      // Before the threads are told: a connection on its way from one to another sees it when it arrives.
      context_.is_ending.store(true);
      on_each_thread(&Connection::close);
      context_.count.wait_for_none();
    }
    control_.stop();
    for (const auto& thread : io_threads_) thread->stop();
  }

 private:
  static std::vector<std::unique_ptr<ConnectionThread>> make_io_threads(const HttpServerOptions& options) {
    std::vector<std::unique_ptr<ConnectionThread>> threads;
    for (unsigned i = 0; i < std::max(options.io_threads, 1U); ++i) {
      threads.push_back(
          std::make_unique<ConnectionThread>("onda-io-" + std::to_string(i), options.timeouts.tick));
    }
    return threads;
  }

  std::string listen(Listener listener, Connection::Service service) {
    acceptors_.push_back(std::make_unique<ConnectionAcceptor>(std::move(listener), service, context_));
    return acceptors_.back()->address();
  }

  void on_each_thread(void (Connection::*call)() noexcept) {
    run_on(control_, [this, call] { control_.each(call); });
    for (const auto& thread : io_threads_) run_on(*thread, [&thread, call] { thread->each(call); });
  }

  const HttpServerOptions options_;
  const protocol::RestApi api_;
  serving::WorkerThreads administration_;
  ConnectionThread control_;
  const std::vector<std::unique_ptr<ConnectionThread>> io_threads_;
  ConnectionContext context_;
  std::vector<std::unique_ptr<ConnectionAcceptor>> acceptors_;  // the control thread's while it runs
  std::string http_address_;
  std::string metrics_address_;
  bool is_over_ = false;
};

HttpServer::HttpServer(HttpServerOptions options, const serving::Services& services)
    : impl_(std::make_unique<Impl>(std::move(options), services)) {}

HttpServer::~HttpServer() = default;

const std::string& HttpServer::http_address() const noexcept { return impl_->http_address(); }

const std::string& HttpServer::metrics_address() const noexcept { return impl_->metrics_address(); }

HttpServerStatistics HttpServer::statistics() const noexcept { return impl_->statistics(); }

void HttpServer::drain(std::chrono::steady_clock::time_point deadline) { impl_->drain(deadline); }

}  // namespace onda::server
