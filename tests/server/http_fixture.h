#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/http_client.h"
#include "server/http_server.h"
#include "serving/inflight_bytes.h"
#include "serving/model_manager.h"
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

/// A server with small models in this process, and what its clients say to it.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    options_.http_port = 0;
    options_.metrics_port = 0;
    options_.timeouts.tick = std::chrono::milliseconds(5);
    options_.timeouts.last_request = std::chrono::milliseconds(20);
    options_.timeouts.half_closed = std::chrono::milliseconds(1);
  }
  ~HttpServerTest() override {
    // What waits for a worker that is moved by hand would keep the server from ending.
    if (is_manual_ && server_) finish_by_hand([this] { server_.reset(); });
    server_.reset();
  }

  /// Requests run when `workers_by_hand_` are told so.
  void run_models_by_hand() { is_manual_ = true; }

  void start(serving::ModelControl control = serving::ModelControl::none) {
    for (const char* model : {"tiny", "identity_float32", "identity_string", "range_int64"}) {
      const auto folder = directory_.path() / "models" / model / "1";
      std::filesystem::create_directories(folder);
      std::filesystem::copy_file(model_path(std::string(model) + ".onnx"), folder / "model.onnx");
    }
    // For tensors of any size.
    directory_.write("models/identity_float32/config.pbtxt", "max_batch_size: 5000000");
    serving::WorkerPool& workers =
        is_manual_ ? static_cast<serving::WorkerPool&>(workers_by_hand_) : workers_;
    serving::ManagerOptions manager;
    manager.repositories = {directory_.path() / "models"};
    manager.control = control;
    manager.startup_models = {"*"};
    manager.loading.prepare = serving::PrepareMode::never;
    manager_ = std::make_unique<serving::ModelManager>(runtime(), std::move(manager), workers, timing_);
    ASSERT_EQ(manager_->start(), 4U);
    services_ = std::make_unique<serving::Services>(serving::Services{.models = *manager_,
                                                                      .shared_memory = regions_,
                                                                      .inflight = inflight_,
                                                                      .log_settings = log_settings_,
                                                                      .trace_settings = trace_settings_,
                                                                      .tracer = tracer_,
                                                                      .workers = workers,
                                                                      .server_version = "1"});
    server_ = std::make_unique<server::HttpServer>(options_, *services_);
  }

  [[nodiscard]] HttpClient client() const { return HttpClient(server_->http_address()); }

  /// Waits until `is_so`, which other threads are about to bring about.
  template <class Condition>
  static void wait_until(const Condition& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it does not come about");
      std::this_thread::yield();
    }
  }
  /// Waits for a request that has come to the workers.
  void wait_for_task() {
    wait_until([this] { return !workers_by_hand_.is_idle(); });
  }
  void wait_for_open_connections(std::size_t count) {
    wait_until([this, count] { return server_->statistics().open_connections == count; });
  }
  /// Runs what comes to the workers while `call` runs.
  void finish_by_hand(const std::function<void()>& call) {
    std::atomic<bool> is_over{false};
    std::thread hand([&] {
      while (!is_over) {
        if (!workers_by_hand_.run_one()) std::this_thread::yield();
      }
    });
    call();
    is_over = true;
    hand.join();
  }

  static std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  static std::string post(std::string_view target, std::string_view body, std::string_view fields = "") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  /// Of one row for identity_float32.
  static std::string row(std::string_view data = "[1,2,3,4]", std::string_view id = "") {
    return R"({"id":")" + std::string(id) +
           R"(","inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":)" + std::string(data) + "}]}";
  }
  static std::string infer(std::string_view data = "[1,2,3,4]", std::string_view id = "") {
    return post(kInfer, row(data, id));
  }
  static constexpr std::string_view kInfer = "/v2/models/identity_float32/infer";

  static void expect_ok(const HttpResponse& response, std::string_view part) {
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_NE(response.body.find(part), std::string::npos) << response.body;
  }
  static void expect_error(const HttpResponse& response, int status, std::string_view part = "") {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_TRUE(response.body.starts_with(R"({"error":")")) << response.body;
    EXPECT_NE(response.body.find(part), std::string::npos) << response.body;
    EXPECT_EQ(response.field("content-type"), "application/json");
  }

  TempDirectory directory_;
  server::HttpServerOptions options_;
  serving::SteadyTiming timing_;
  bool is_manual_ = false;
  ManualWorkers workers_by_hand_;
  serving::WorkerThreads workers_{2};
  serving::SharedMemoryRegions regions_{false};
  serving::InflightBytes inflight_{std::uint64_t{64} << 20};
  telemetry::LogSettings log_settings_;
  telemetry::TraceSettings trace_settings_;
  telemetry::Tracer tracer_{std::nullopt, {}};
  std::unique_ptr<serving::ModelManager> manager_;
  std::unique_ptr<serving::Services> services_;
  std::unique_ptr<server::HttpServer> server_;
};

}  // namespace onda::test
