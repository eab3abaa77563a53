#include "cli/serve_request.h"

#include <utility>

#include "base/machine.h"
#include "cli/flag_values.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

CommandText text() {
  return {
      "serve",
      "[MODEL.onnx | DIR] [FLAGS]",
      "Serves models over HTTP and gRPC by the Open Inference Protocol, as Triton's and KServe's clients "
      "speak it.",
      "A repository is a directory with <model>/<version>/model.onnx, and <model>/config.pbtxt where it "
      "needs one; "
      "a directory of .onnx files, or one file, will do. When everything is ready, one line on standard "
      "output says "
      "where it listens. SIGTERM and Ctrl-C answer what is under way and end it; SIGHUP reads the repository "
      "anew. It listens on this machine alone: give --host 0.0.0.0 for a service.",
      {{"onda serve model.onnx", "One model, on 127.0.0.1:8000 (HTTP), 8001 (gRPC) and 8002 (metrics)."},
       {"onda serve --models models --host 0.0.0.0", "A repository, for other machines."},
       {"onda serve --models models --http-port 0 --grpc-port off", "A free port, and no gRPC."},
       {"onda serve --models models --model-control explicit --load-model digits",
        "Models are loaded and unloaded by clients."},
       {"onda inspect models", "What would be served, without serving it."}}};
}

serving::ModelControl parse_control(const std::string& value) {
  if (value == "none") return serving::ModelControl::none;
  if (value == "poll") return serving::ModelControl::poll;
  if (value == "explicit") return serving::ModelControl::explicit_;
  throw UsageError('"' + value + "\": expected none, poll or explicit");
}

serving::PrepareMode parse_prepare(const std::string& value) {
  if (value == "never") return serving::PrepareMode::never;
  if (value == "background") return serving::PrepareMode::background;
  if (value == "before-ready") return serving::PrepareMode::before_ready;
  throw UsageError('"' + value + "\": expected never, background or before-ready");
}

void set_port(ListenFlags& listener, const std::string& value) {
  if (value == "off") {
    listener.is_enabled = false;
    return;
  }
  listener.port = static_cast<int>(read_integer(value, 0, 65535));
  listener.is_enabled = true;
}

/// Seconds as Triton's flags take them: a bare number.
std::chrono::seconds read_seconds(const std::string& value) {
  return std::chrono::seconds(read_integer(value, 0, 365LL * 24 * 3600));
}

}  // namespace

CommandLine::Parsed ServeRequest::parse(std::span<const std::string> arguments, std::string& help,
                                        const EnvironmentLookup& environment) {
  CommandLine line(text());
  std::vector<std::string> words;
  line.words("MODEL.onnx or DIR", 0, 1, words);

  line.group("Models");
  line.list({"models,model-repository", "DIR", "A model repository; several may be given."},
            [this](const std::string& value) { repositories.emplace_back(value); });
  line.option(
      {"model-control,model-control-mode", "MODE",
       "none (default): what is there at the start; poll: what is there; explicit: what clients load."},
      [this](const std::string& value) { control = parse_control(value); });
  line.list({"load-model", "NAME", "With explicit: loaded at the start; * for all."},
            [this](const std::string& value) { startup_models.push_back(value); });
  line.option({"repository-poll-secs", "N", "With poll: how often it looks; 15 by default."},
              [this](const std::string& value) {
                poll_interval = std::chrono::seconds(read_integer(value, 1, 365LL * 24 * 3600));
              });
  line.option({"default-max-batch-size", "N",
               "Of models that can batch and whose config does not say; 64 by default, 0 for none."},
              [this](const std::string& value) {
                default_max_batch_size = static_cast<int>(read_integer(value, 0, 1 << 20));
              });
  line.flag({"default-batching", "", "Join requests into batches also where no config says so."},
            default_batching);
  line.flag({"disable-auto-complete-config", "", "Refuse models whose config leaves something out."},
            strict_config);
  line.option({"prepare", "WHEN",
               "When a model's prepared form is made: background (default; it answers meanwhile), "
               "before-ready, never."},
              [this](const std::string& value) { prepare = parse_prepare(value); });
  line.option({"cache-dir", "DIR", "Where prepared models are; by default ~/.cache/onda."},
              [this](const std::string& value) { cache_directory = value; });
  line.option({"load-timeout", "TIME", "How long a model may take to load: 5m by default."},
              [this](const std::string& value) {
                load_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(read_duration(value));
              });
  line.flag({"allow-custom-ops", "", "Let local configs name libraries of custom operators."},
            allow_custom_ops);
  line.option(
      {"strict-readiness", "true|false", "Whether it is ready only when every model is; true by default."},
      [this](const std::string& value) { strict_readiness = read_boolean(value); });
  line.option({"exit-on-error", "true|false",
               "Whether it ends where a model cannot be loaded at the start; false by default: the others "
               "are served."},
              [this](const std::string& value) { exit_on_error = read_boolean(value); });

  line.group("Listen");
  std::string host = "127.0.0.1";
  line.option({"host", "ADDRESS", "For HTTP, gRPC and metrics: 127.0.0.1 by default; 0.0.0.0 for a service."},
              host);
  line.option({"http-port", "N|off", "8000 by default; 0 takes a free one."},
              [this](const std::string& value) { set_port(http, value); });
  line.option({"grpc-port", "N|off", "8001 by default."},
              [this](const std::string& value) { set_port(grpc, value); });
  line.option({"metrics-port", "N|off", "8002 by default."},
              [this](const std::string& value) { set_port(metrics, value); });
  line.option({"http-address", "ADDRESS", "Instead of --host."}, http.host);
  line.option({"grpc-address", "ADDRESS", "Instead of --host."}, grpc.host);
  line.option({"metrics-address", "ADDRESS", "Instead of --host."}, metrics.host);
  line.option({"allow-http", "true|false", "Whether there is HTTP."},
              [this](const std::string& value) { http.is_enabled = read_boolean(value); });
  line.option({"allow-grpc", "true|false", "Whether there is gRPC."},
              [this](const std::string& value) { grpc.is_enabled = read_boolean(value); });
  line.option({"allow-metrics", "true|false", "Whether there are metrics."},
              [this](const std::string& value) { metrics.is_enabled = read_boolean(value); });
  line.option({"http-socket", "PATH", "Also HTTP on a Unix socket, for this machine's own tools."},
              http_socket);

  line.group("Limits");
  line.option({"max-inflight-bytes", "SIZE",
               "Of all requests that are read or answered; a quarter of the memory by default. Beyond: 503."},
              [this](const std::string& value) {
                max_inflight_bytes = read_size(value, base::inspect_machine().usable_memory_bytes);
              });
  line.option({"max-connections", "N", "HTTP connections; 1024 by default."},
              [this](const std::string& value) {
                max_connections = static_cast<std::size_t>(read_integer(value, 1, 1 << 20));
              });
  line.option({"max-queue-size", "N", "Requests that wait for a model; 4096 by default. Beyond: 503."},
              [this](const std::string& value) {
                max_queue_size = static_cast<std::size_t>(read_integer(value, 1, 1 << 24));
              });
  line.option({"http-max-input-size", "BYTES", "Of a JSON or compressed body; 64M by default."},
              [this](const std::string& value) {
                max_input_bytes = read_size(value, base::inspect_machine().usable_memory_bytes);
              });
  line.option({"idle-timeout", "TIME", "How long a connection may rest: 10m by default."},
              [this](const std::string& value) { idle_timeout = read_duration(value); });
  line.option({"exit-timeout-secs", "N", "How long requests may take to end after SIGTERM; 30 by default."},
              [this](const std::string& value) { exit_timeout = read_seconds(value); });

  line.group("Trust");
  line.flag({"allow-remote-admin", "",
             "Let other machines load and unload models, register shared memory and change settings."},
            allow_remote_admin);
  line.flag({"allow-client-shm", "", "Let clients on this machine pass tensors in shared memory."},
            allow_client_shm);

  line.group("Threads");
  line.option(
      {"workers", "N", "Threads that run models. Default: the cores this process may use."},
      [this](const std::string& value) { workers = static_cast<unsigned>(read_integer(value, 1, 1024)); });
  line.option(
      {"io-threads", "N", "Threads that read and write HTTP. Default: the cores, at most 4."},
      [this](const std::string& value) { io_threads = static_cast<unsigned>(read_integer(value, 1, 256)); });

  line.group("Log and trace");
  line.option({"log-verbose", "N", "1 or more: verbose lines too."}, [this](const std::string& value) {
    log_verbose = static_cast<std::uint32_t>(read_integer(value, 0, 1'000'000));
  });
  line.option({"log-info", "true|false", "Whether informative lines are written."},
              [this](const std::string& value) { log_info = read_boolean(value); });
  line.option({"log-warning", "true|false", "Whether warnings are written."},
              [this](const std::string& value) { log_warning = read_boolean(value); });
  line.option({"log-error", "true|false", "Whether errors are written."},
              [this](const std::string& value) { log_error = read_boolean(value); });
  line.choice({"log-format", "FORMAT", "default or ISO8601."}, {"default", "ISO8601"}, log_format);
  line.option({"trace-file", "FILE", "Where sampled requests are traced, a line of JSON each."},
              [this](const std::string& value) { trace_file = value; });
  line.list({"trace-config", "KEY=VALUE", "level=TIMESTAMPS, rate=1000 or count=-1 to begin with."},
            [this](const std::string& value) { trace_settings.push_back(value); });
  memory.add_to(line);
  runtime.add_to(line);

  if (line.parse(arguments, environment) == CommandLine::Parsed::help) {
    help = line.help();
    return CommandLine::Parsed::help;
  }
  if (!words.empty()) repositories.insert(repositories.begin(), std::filesystem::path(words.front()));
  if (repositories.empty()) {
    throw UsageError("nothing to serve: give a model (onda serve model.onnx) or --models DIR");
  }
  if (!http.is_enabled && !grpc.is_enabled && http_socket.empty()) {
    throw UsageError(
        "neither HTTP nor gRPC is left to serve on: leave one of --http-port and --grpc-port on");
  }
  if (!startup_models.empty() && control != serving::ModelControl::explicit_) {
    throw UsageError("--load-model is for --model-control explicit; otherwise all models are loaded");
  }
  for (ListenFlags* listener : {&http, &grpc, &metrics}) {
    if (listener->host.empty()) listener->host = host;
  }
  return CommandLine::Parsed::run;
}

}  // namespace onda::cli
