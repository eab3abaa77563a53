#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "protocol/grpc_service.grpc.pb.h"
#include "protocol/health.grpc.pb.h"
#include "server/grpc_server.h"
#include "serving/inflight_bytes.h"
#include "serving/model_manager.h"
#include "serving/model_version.h"
#include "serving/services.h"
#include "serving/shared_memory_regions.h"
#include "serving/steady_timing.h"
#include "serving/worker_threads.h"
#include "support/manual_workers.h"
#include "support/runtime.h"
#include "support/temp_directory.h"
#include "telemetry/log_settings.h"
#include "telemetry/trace_settings.h"
#include "telemetry/tracer.h"

namespace onda::test {

/// Until it is so: for what another thread does without telling. The test's own time limit ends it otherwise.
template <class Condition>
void wait_until(Condition is_so) {
  while (!is_so()) std::this_thread::yield();
}

/// A server with small real models, and clients of it.
class GrpcServerFixture : public testing::Test {
 public:
  ~GrpcServerFixture() override { stop(); }

 protected:
  struct Settings {
    serving::ModelControl control = serving::ModelControl::none;
    bool allow_client_shm = false;
    bool strict_readiness = true;
    std::uint64_t inflight_bytes = std::uint64_t{1} << 30U;
    server::GrpcServerOptions grpc = {.port = 0};
    std::optional<std::filesystem::path> trace_file = {};
  };

  /// A copy of one of the small models as a version in the repository.
  void put(const std::string& model, int version, const std::string& from) {
    const auto to = repository_ / model / std::to_string(version);
    std::filesystem::create_directories(to);
    std::filesystem::copy_file(model_path(from + ".onnx"), to / "model.onnx",
                               std::filesystem::copy_options::overwrite_existing);
  }
  void configure(const std::string& model, const std::string& text) const {
    std::filesystem::create_directories(repository_ / model);
    std::ofstream(repository_ / model / "config.pbtxt") << text;
  }

  void start(Settings settings) { start(std::move(settings), threads_); }
  void start() { start(Settings{}); }
  void start(Settings settings, serving::WorkerPool& workers) {
    std::filesystem::create_directories(repository_);
    const std::string trace_file = settings.trace_file ? settings.trace_file->string() : std::string();
    trace_settings_ =
        std::make_unique<telemetry::TraceSettings>(telemetry::TraceDefaults{.trace_file = trace_file});
    serving::ManagerOptions options;
    options.loading.trace_settings = trace_settings_.get();
    options.repositories = {repository_};
    options.control = settings.control;
    options.strict_readiness = settings.strict_readiness;
    options.loading.prepare = serving::PrepareMode::never;
    manager_ = std::make_unique<serving::ModelManager>(runtime(), std::move(options), workers, timing_);
    if (settings.control == serving::ModelControl::none) static_cast<void>(manager_->start());
    regions_ = std::make_unique<serving::SharedMemoryRegions>(settings.allow_client_shm);
    inflight_ = std::make_unique<serving::InflightBytes>(settings.inflight_bytes);
    tracer_ = std::make_unique<telemetry::Tracer>(settings.trace_file, LogSink());
    services_ =
        std::make_unique<serving::Services>(serving::Services{.models = *manager_,
                                                              .shared_memory = *regions_,
                                                              .inflight = *inflight_,
                                                              .log_settings = log_settings_,
                                                              .trace_settings = *trace_settings_,
                                                              .tracer = *tracer_,
                                                              .workers = workers,
                                                              .server_version = "1.2.3",
                                                              .allow_client_shm = settings.allow_client_shm});
    server_ = std::make_unique<server::GrpcServer>(settings.grpc, *services_);
    stub_ = inference::GRPCInferenceService::NewStub(channel());
  }

  void stop() {
    server_.reset();
    manager_.reset();
  }

  /// A connection of its own.
  [[nodiscard]] std::shared_ptr<grpc::Channel> channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments);
  }

  /// One FP32 input x [1,4] for an identity model.
  static inference::ModelInferRequest request_for(const std::string& model, const std::string& id = "") {
    inference::ModelInferRequest request;
    request.set_model_name(model);
    request.set_id(id);
    auto& input = *request.add_inputs();
    input.set_name("x");
    input.set_datatype("FP32");
    input.add_shape(1);
    input.add_shape(4);
    const std::vector<float> values = {1, 2, 3, 4};
    request.add_raw_input_contents(raw(std::span<const float>(values)));
    return request;
  }

  template <class T>
  static std::string raw(std::span<const T> values) {
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
  }

  grpc::Status infer(const inference::ModelInferRequest& request, inference::ModelInferResponse& response) {
    grpc::ClientContext context;
    return stub_->ModelInfer(&context, request, &response);
  }
  grpc::Status infer(const inference::ModelInferRequest& request) {
    inference::ModelInferResponse response;
    return infer(request, response);
  }

  /// Calls a method that answers once.
  template <class Method, class Request, class Response>
  grpc::Status call(Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    return ((*stub_).*method)(&context, request, &response);
  }

  [[nodiscard]] telemetry::InferenceSnapshot statistics(const std::string& model) const {
    return manager_->find(model, "")->statistics().snapshot();
  }

  TempDirectory directory_;
  std::filesystem::path repository_ = directory_.path() / "models";
  serving::SteadyTiming timing_;
  serving::WorkerThreads threads_{2};
  ManualWorkers manual_{2};
  telemetry::LogSettings log_settings_;
  std::unique_ptr<serving::SharedMemoryRegions> regions_;
  std::unique_ptr<serving::InflightBytes> inflight_;
  std::unique_ptr<telemetry::TraceSettings> trace_settings_;
  std::unique_ptr<telemetry::Tracer> tracer_;
  std::unique_ptr<serving::ModelManager> manager_;
  std::unique_ptr<serving::Services> services_;
  std::unique_ptr<server::GrpcServer> server_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
};

/// What a status is expected to say.
[[nodiscard]] inline testing::AssertionResult has_failed(const grpc::Status& status, grpc::StatusCode code,
                                                         std::string_view part) {
  if (status.error_code() != code) {
    return testing::AssertionFailure()
           << "expected status " << code << ", got " << status.error_code() << ": " << status.error_message();
  }
  if (status.error_message().find(part) == std::string::npos) {
    return testing::AssertionFailure() << "the message lacks \"" << part << "\": " << status.error_message();
  }
  return testing::AssertionSuccess();
}

}  // namespace onda::test
