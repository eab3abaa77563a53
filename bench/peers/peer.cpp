#include "bench/peers/peer.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "bench/harness/model_inputs.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/loopback.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/settings.h"

namespace onda::bench {
namespace {

namespace fs = std::filesystem;

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

double size_of(const fs::path& path) {
  if (fs::is_regular_file(path)) return static_cast<double>(fs::file_size(path));
  double bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && !entry.is_symlink()) bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
}

double size_of_runtime() { return size_of(fs::canonical(runtime_library())); }

InferenceRequest request_for(const std::string& model) {
  return model == "tiny" ? tiny_request() : resnet_request();
}

/// As the Open Inference Protocol has it; our programs for FastAPI and Go take the same.
PeerCall open_inference_call(const std::string& model) {
  const InferenceRequest request = request_for(model);
  return {request.path(), request.json_body()};
}

/// A folder with NAME.onnx of both models.
fs::path flat_models() {
  const ModelRepository repository("flat");
  const fs::path folder = fs::absolute(output_directory()) / "repositories" / "flat";
  for (const char* file : {kTinyFile, kResNetFile}) {
    fs::copy_file(model_file(file), folder / file);
  }
  return folder;
}

fs::path repository_of_both(const std::string& name) {
  ModelRepository repository(name);
  repository.add("tiny", kTinyFile);
  repository.add("resnet50", kResNetFile);
  return repository.directory();
}

Peer onda() {
  Peer peer{.name = "Onda"};
  peer.why_missing = OndaServer::why_missing();
  peer.command = {onda_program(), "serve",       "--models", repository_of_both("both"), "--http-port",
                  "{port}",       "--grpc-port", "0",        "--metrics-port",           "0"};
  peer.environment = {server_cache_variable()};
  peer.call = open_inference_call;
  peer.disk_bytes = size_of(onda_program()) + size_of_runtime();
  return peer;
}

Peer fastapi(const fs::path& models, const std::string& workers) {
  Peer peer{.name = "FastAPI, " + workers + (workers == "1" ? " worker" : " workers")};
  const std::string python = variable("ONDA_PEER_PYTHON");
  peer.why_missing = python.empty() ? variable("ONDA_PEER_PYTHON_MISSING") : "";
  if (python.empty() && peer.why_missing.empty()) peer.why_missing = "ONDA_PEER_PYTHON is not set";
  if (!peer.why_missing.empty()) return peer;
  peer.command = {
      python,   "-m",     "uvicorn",   "--app-dir", variable("ONDA_PEER_APP"), "--host",      "127.0.0.1",
      "--port", "{port}", "--workers", workers,     "--no-access-log",         "--log-level", "warning",
      "app:app"};
  peer.environment = {"MODELS=" + models.string(), "ORT_DISABLE_TELEMETRY=1"};
  peer.call = open_inference_call;
  // The packages, not Python itself.
  peer.disk_bytes = size_of(fs::path(python).parent_path().parent_path() / "lib");
  return peer;
}

Peer go(const fs::path& models) {
  Peer peer{.name = "Go, net/http"};
  const std::string program = variable("ONDA_PEER_GO");
  peer.why_missing = program.empty() ? variable("ONDA_PEER_GO_MISSING") : "";
  if (program.empty() && peer.why_missing.empty()) peer.why_missing = "ONDA_PEER_GO is not set";
  if (!peer.why_missing.empty()) return peer;
  peer.command = {program, "-library", runtime_library(), "-models", models, "-listen", "127.0.0.1:{port}"};
  peer.environment = {"ORT_DISABLE_TELEMETRY=1"};
  peer.call = open_inference_call;
  peer.disk_bytes = size_of(program) + size_of_runtime();
  return peer;
}

Peer triton() {
  Peer peer{.name = "Triton"};
  const std::string program = variable("ONDA_BENCH_TRITON");
  if (program.empty()) {
    peer.why_missing = "ONDA_BENCH_TRITON names no tritonserver";
    return peer;
  }
  peer.command = {program,
                  "--model-repository",
                  repository_of_both("triton"),
                  "--http-address",
                  "127.0.0.1",
                  "--http-port",
                  "{port}",
                  "--allow-grpc",
                  "false",
                  "--allow-metrics",
                  "false"};
  peer.call = open_inference_call;
  peer.disk_bytes = size_of(fs::canonical(program).parent_path().parent_path());
  return peer;
}

/// kibae/onnxruntime-server: one call a model to make its session, then input names and nested arrays.
Peer onnxruntime_server() {
  Peer peer{.name = "onnxruntime-server"};
  const std::string program = variable("ONDA_BENCH_ONNXRUNTIME_SERVER");
  if (program.empty()) {
    peer.why_missing = "ONDA_BENCH_ONNXRUNTIME_SERVER names no onnxruntime_server";
    return peer;
  }
  peer.command = {program,
                  "--model-dir=" + repository_of_both("onnxruntime-server").string(),
                  "--http-port={port}",
                  "--log-level=fatal",
                  "--log-file=/dev/null",
                  "--access-log-file=/dev/null"};
  peer.prepare = [](std::uint16_t port) {
    for (const char* model : {"tiny", "resnet50"}) {
      const PeerCall call{"/api/sessions", fmt::format(R"({{"model":"{}","version":"1"}})", model)};
      static_cast<void>(fetch_once(port, call.http()));
    }
  };
  peer.call = [](const std::string& model) {
    return PeerCall{"/api/sessions/" + model + "/1", request_for(model).nested_json_body()};
  };
  peer.disk_bytes = size_of(program);
  return peer;
}

}  // namespace

std::string PeerCall::http() const {
  return fmt::format(
             "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
             "{}\r\n\r\n",
             path, body.size()) +
         body;
}

std::vector<Peer> find_peers() {
  warm_server_cache(kTinyFile);
  warm_server_cache(kResNetFile);
  const fs::path models = flat_models();
  return {onda(), go(models), fastapi(models, "1"), fastapi(models, "2"), triton(), onnxruntime_server()};
}

RunningPeer::RunningPeer(const Peer& peer) : port_(free_port()) {
  std::vector<std::string> command = peer.command;
  for (std::string& word : command) {
    const std::string place = "{port}";
    const auto at = word.find(place);
    if (at != std::string::npos) word.replace(at, place.size(), std::to_string(port_));
  }
  std::string log = peer.name;
  for (char& letter : log) letter = letter == ' ' || letter == ',' || letter == '/' ? '_' : letter;
  program_ = std::make_unique<Program>("peer_" + log, command, peer.environment);
  const auto passed_ms = [this] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() -
                                                     program_->started_at())
        .count();
  };
  constexpr double kLongestStartMs = 60'000;
  while (!accepts_connections(port_)) {
    if (passed_ms() > kLongestStartMs) throw std::runtime_error(peer.name + " does not listen");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (peer.prepare) peer.prepare(port_);
  // Some listen before they have loaded.
  for (const std::string request = peer.call("tiny").http();;) {
    try {
      static_cast<void>(fetch_once(port_, request));
      break;
    } catch (const std::runtime_error& error) {
      if (passed_ms() > kLongestStartMs) throw std::runtime_error(peer.name + ": " + error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  start_ms_ = passed_ms();
}

}  // namespace onda::bench
