#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/machine.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/serve_log.h"
#include "cli/serve_request.h"
#include "cli/server_signals.h"
#include "cli/session_flags.h"
#include "cli/usage_error.h"
#include "onda/version.h"
#include "server/grpc_server.h"
#include "server/http_server.h"
#include "serving/inflight_bytes.h"
#include "serving/limited_work.h"
#include "serving/model_manager.h"
#include "serving/services.h"
#include "serving/shared_memory_regions.h"
#include "serving/steady_timing.h"
#include "serving/worker_threads.h"
#include "telemetry/log_settings.h"
#include "telemetry/trace_settings.h"
#include "telemetry/tracer.h"

namespace onda::cli {
namespace {

/// What a signal asks of the main thread.
class Orders {
 public:
  void end() {
    const std::scoped_lock lock(mutex_);
    has_to_end_ = true;
    changed_.notify_all();
  }
  void rescan() {
    const std::scoped_lock lock(mutex_);
    has_to_rescan_ = true;
    changed_.notify_all();
  }
  enum class Order { end, rescan };
  [[nodiscard]] Order wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return has_to_end_ || has_to_rescan_; });
    if (has_to_end_) return Order::end;
    has_to_rescan_ = false;
    return Order::rescan;
  }
  [[nodiscard]] bool has_to_end() const {
    const std::scoped_lock lock(mutex_);
    return has_to_end_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool has_to_end_ = false;
  bool has_to_rescan_ = false;
};

telemetry::LogSettingsValues log_values(const ServeRequest& request) {
  telemetry::LogSettingsValues values;
  values.log_info = request.log_info;
  values.log_warning = request.log_warning;
  values.log_error = request.log_error;
  values.log_verbose_level = request.log_verbose;
  if (values.log_verbose_level == 0 && request.runtime.log_level == LogLevel::verbose)
    values.log_verbose_level = 1;
  values.log_format = telemetry::parse_log_format(request.log_format);
  return values;
}

void set_traces(telemetry::TraceSettings& settings, const ServeRequest& request) {
  std::vector<telemetry::TraceSettingChange> changes;
  for (const std::string& text : request.trace_settings) {
    const auto [key, value] = split_assignment(text);
    changes.push_back({"trace_" + key, std::vector<std::string>{value}});
  }
  if (!changes.empty()) settings.update("", changes);
}

serving::ManagerOptions manager_options(const ServeRequest& request, telemetry::TraceSettings& traces,
                                        const LogSink& log) {
  serving::ManagerOptions options;
  options.repositories = request.repositories;
  options.control = request.control;
  options.startup_models = request.startup_models;
  options.poll_interval = request.poll_interval;
  options.strict_readiness = request.strict_readiness;
  options.allow_custom_ops = request.allow_custom_ops;
  options.load_timeout = request.load_timeout;
  options.log = log;
  options.loading.default_max_batch_size = request.default_max_batch_size;
  options.loading.default_batching = request.default_batching;
  options.loading.strict_config = request.strict_config;
  options.loading.prepare = request.prepare;
  options.loading.max_queue_size = request.max_queue_size;
  options.loading.trace_settings = &traces;
  options.loading.log = log;
  options.loading.session.cache_directory = request.cache_directory;
  options.loading.session.verification = Verification::background;
  request.memory.apply_to(options.loading.session);
  return options;
}

server::HttpServerOptions http_options(const ServeRequest& request) {
  server::HttpServerOptions options;
  options.host = request.http.host;
  options.http_port.reset();
  if (request.http.is_enabled) options.http_port = static_cast<std::uint16_t>(request.http.port);
  options.metrics_host = request.metrics.host;
  options.metrics_port.reset();
  if (request.metrics.is_enabled) options.metrics_port = static_cast<std::uint16_t>(request.metrics.port);
  if (!request.http_socket.empty()) options.unix_socket = request.http_socket;
  const auto cores = static_cast<unsigned>(base::usable_cores());
  options.io_threads = request.io_threads > 0 ? request.io_threads : std::min(cores, 4U);
  options.limits.connections = request.max_connections;
  options.limits.json_bytes = request.max_input_bytes;
  options.timeouts.idle = std::chrono::duration_cast<std::chrono::milliseconds>(request.idle_timeout);
  return options;
}

/// All that a running server is made of, in the order in which the parts need each other.
class RunningServer {
 public:
  RunningServer(const ServeRequest& request, telemetry::LogSettings& log_settings, const LogSink& log)
      : runtime_(runtime_of(request, log)),
        traces_(telemetry::TraceDefaults{request.trace_file ? request.trace_file->string() : std::string()}),
        tracer_(request.trace_file, log),
        workers_(request.workers > 0 ? request.workers : static_cast<unsigned>(base::usable_cores())),
        shared_memory_(request.allow_client_shm),
        inflight_(request.max_inflight_bytes > 0 ? request.max_inflight_bytes
                                                 : base::inspect_machine().usable_memory_bytes / 4),
        models_(runtime_, manager_options(request, traces_, log), workers_, timing_),
        services_{models_, shared_memory_, inflight_, log_settings, traces_, tracer_, workers_} {
    services_.server_version = version();
    services_.allow_remote_admin = request.allow_remote_admin;
    services_.allow_client_shm = request.allow_client_shm;
    set_traces(traces_, request);
    loaded_ = models_.start();
    // Connections are refused, not left waiting, until the models are there.
    http_ = std::make_unique<server::HttpServer>(http_options(request), services_);
    if (!request.grpc.is_enabled) return;
    server::GrpcServerOptions grpc;
    grpc.host = request.grpc.host;
    grpc.port = static_cast<std::uint16_t>(request.grpc.port);
    grpc.max_inflight_bytes = inflight_.limit();
    grpc.log = log;
    grpc_ = std::make_unique<server::GrpcServer>(grpc, services_);
  }

  [[nodiscard]] serving::ModelManager& models() noexcept { return models_; }
  [[nodiscard]] std::size_t loaded() const noexcept { return loaded_; }

  /// "ready http=… grpc=… metrics=… models=N".
  [[nodiscard]] std::string ready_line() const {
    const auto or_off = [](const std::string& address) {
      return address.empty() ? std::string("off") : address;
    };
    return "ready http=" + or_off(http_->http_address()) + " grpc=" + (grpc_ ? grpc_->address() : "off") +
           " metrics=" + or_off(http_->metrics_address()) + " models=" + std::to_string(loaded_) + "\n";
  }

  /// Answers what is under way, and ends.
  void drain(std::chrono::nanoseconds most) {
    models_.drain();
    const auto deadline = std::chrono::steady_clock::now() + most;
    std::jthread grpc([&] {
      if (grpc_) grpc_->shutdown(deadline);
    });
    http_->drain(deadline);
  }

 private:
  static Runtime runtime_of(const ServeRequest& request, const LogSink& log) {
    RuntimeOptions options = request.runtime.options();
    options.log = log;
    request.memory.apply_to(options);
    Runtime runtime = Runtime::initialize(options);
    for (const auto& caveat : runtime.info().caveats) log(LogLevel::warning, caveat);
    return runtime;
  }

  Runtime runtime_;  // first: it is to be made before there are other threads
  telemetry::TraceSettings traces_;
  telemetry::Tracer tracer_;
  serving::SteadyTiming timing_;
  serving::WorkerThreads workers_;
  serving::SharedMemoryRegions shared_memory_;
  serving::InflightBytes inflight_;
  serving::ModelManager models_;
  serving::Services services_;
  std::size_t loaded_ = 0;
  std::unique_ptr<server::HttpServer> http_;
  std::unique_ptr<server::GrpcServer> grpc_;
};

/// A load that was given up goes on, and uses what would be destroyed: then the process ends without that.
void end_process_if_work_was_abandoned(int code) {
  if (serving::abandoned_work() > 0) base::end_process(code);
}

}  // namespace

ExitCode serve_command(std::span<const std::string> arguments) {
  ServeRequest request;
  std::string help;
  if (request.parse(arguments, help) == CommandLine::Parsed::help) {
    print(help);
    return ExitCode::done;
  }
  telemetry::LogSettings log_settings(log_values(request));
  const LogSink log = server_log(log_settings);

  Orders orders;
  std::atomic<bool> is_ready{false};
  // First: the threads of all that follows inherit that signals are not theirs.
  const ServerSignals signals({[&] {
                                 // What loads cannot be told to stop.
                                 if (!is_ready.load())
                                   base::end_process(static_cast<int>(ExitCode::interrupted));
                                 orders.end();
                               },
                               [&] { orders.rescan(); }});
  auto server = std::make_unique<RunningServer>(request, log_settings, log);
  if (request.exit_on_error && !server->models().is_ready()) {
    end_process_if_work_was_abandoned(static_cast<int>(ExitCode::failed));
    throw Error(ErrorCode::failed_precondition, "not all models could be loaded (--exit-on-error)");
  }
  is_ready = true;
  print(server->ready_line());

  while (orders.wait() == Orders::Order::rescan) {
    if (request.control == serving::ModelControl::explicit_) {
      log(LogLevel::warning, "SIGHUP does nothing with --model-control explicit: clients load and unload");
      continue;
    }
    try {
      server->models().rescan();
      log(LogLevel::info, "the model repository was read anew");
    } catch (const std::exception& error) {
      log(LogLevel::error, std::string("cannot read the model repository: ") + error.what());
    }
  }
  log(LogLevel::info, "ending: requests under way are answered");
  server->drain(request.exit_timeout);
  end_process_if_work_was_abandoned(static_cast<int>(ExitCode::done));
  server.reset();
  return ExitCode::done;
}

}  // namespace onda::cli
