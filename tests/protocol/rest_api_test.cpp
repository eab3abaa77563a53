#include "protocol/rest_api.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base64.h"
#include "protocol/metrics_page.h"
#include "serving/inflight_bytes.h"
#include "serving/model_manager.h"
#include "serving/shared_memory_regions.h"
#include "serving/steady_timing.h"
#include "serving/worker_threads.h"
#include "support/padded_text.h"
#include "support/runtime.h"
#include "support/shared_memory.h"
#include "support/temp_directory.h"
#include "telemetry/log_settings.h"
#include "telemetry/trace_settings.h"
#include "telemetry/tracer.h"

namespace onda::protocol {
namespace {

namespace fs = std::filesystem;

/// Who asks, and how the server was started.
struct Peer {
  bool is_local = true;
  bool allow_remote_admin = false;
  bool allow_client_shm = true;
};

/// A server without sockets, with a model "m" in two versions, of which both are served.
class RestApiTest : public testing::Test {
 protected:
  RestApiTest() {
    put("m", "1");
    put("m", "3");
    repository_.write("m/config.pbtxt", "version_policy: { all {} }");
    start(serving::ModelControl::explicit_, {"m"});
  }
  ~RestApiTest() override { models_.reset(); }

  void put(const std::string& model, const std::string& version) const {
    const fs::path to = repository_.path() / model / version;
    fs::create_directories(to);
    fs::copy_file(test::model_path("identity_float32.onnx"), to / "model.onnx");
  }

  void start(serving::ModelControl control, std::vector<std::string> startup = {}) {
    models_.reset();
    serving::ManagerOptions options;
    options.repositories = {repository_.path()};
    options.control = control;
    options.startup_models = std::move(startup);
    options.loading.prepare = serving::PrepareMode::never;
    options.loading.trace_settings = &trace_settings_;
    models_ = std::make_unique<serving::ModelManager>(test::runtime(), std::move(options), workers_, timing_);
    models_->start();
  }

  serving::Services services(const Peer& peer = {}) {
    return {.models = *models_,
            .shared_memory = peer.allow_client_shm ? regions_ : no_regions_,
            .inflight = inflight_,
            .log_settings = log_settings_,
            .trace_settings = trace_settings_,
            .tracer = tracer_,
            .workers = workers_,
            .server_name = "onda",
            .server_version = "1.2.3",
            .allow_remote_admin = peer.allow_remote_admin,
            .allow_client_shm = peer.allow_client_shm};
  }

  RestResponse ask(std::string_view method, std::string_view target, const std::string& body = {},
                   const Peer& peer = {}) {
    const serving::Services all = services(peer);
    const RestApi api(all);
    const Route route = parse_route(method, target);
    const test::PaddedText text(body);
    return api.handle({.route = route, .body = text.bytes(), .is_local_peer = peer.is_local});
  }
  RestResponse get(std::string_view target) { return ask("GET", target); }
  RestResponse post(std::string_view target, const std::string& body = {}) {
    return ask("POST", target, body);
  }

  /// The answer as JSON again: clients read it.
  simdjson::dom::element json(const RestResponse& response) { return parser_.parse(response.body).value(); }
  static void expect_error(const RestResponse& response, int status, std::string_view part) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    simdjson::dom::parser parser;
    const simdjson::dom::element root = parser.parse(response.body).value();
    const std::string_view text = root["error"].get_string().value();
    EXPECT_NE(text.find(part), std::string_view::npos) << text;
  }

  const test::TempDirectory repository_;
  serving::WorkerThreads workers_{1};
  serving::SteadyTiming timing_;
  telemetry::LogSettings log_settings_;
  telemetry::TraceSettings trace_settings_;
  telemetry::Tracer tracer_{std::nullopt, {}};
  serving::SharedMemoryRegions regions_{true};
  serving::SharedMemoryRegions no_regions_{false};
  serving::InflightBytes inflight_{1000};
  std::unique_ptr<serving::ModelManager> models_;
  simdjson::dom::parser parser_;
};

TEST_F(RestApiTest, TellsItsHealthInJson) {
  EXPECT_EQ(get("/v2/health/live").body, R"({"live":true})");
  EXPECT_EQ(get("/v2/health/ready").body, R"({"live":true,"ready":true})");
  EXPECT_EQ(get("/v2/models/m/ready").body, R"({"name":"m","ready":true})");
  EXPECT_EQ(get("/v2/models/m/versions/3/ready").status, 200);
  expect_error(get("/v2/models/m/versions/2/ready"), 400, "Model version not ready");
  expect_error(get("/v2/models/x/ready"), 400, "Model version not ready");
}

TEST_F(RestApiTest, IsNotReadyWhileItDrains) {
  models_->drain();
  EXPECT_EQ(get("/v2/health/live").status, 200);
  expect_error(get("/v2/health/ready"), 503, "shutting down");
  expect_error(get("/v2/models/m/ready"), 503, "not ready");
}

TEST_F(RestApiTest, DescribesTheServer) {
  const RestResponse response = get("/v2");
  const auto server = json(response);
  EXPECT_EQ(server["name"].get_string().value(), "onda");
  EXPECT_EQ(server["version"].get_string().value(), "1.2.3");
  std::vector<std::string_view> extensions;
  for (const auto name : server["extensions"].get_array()) extensions.push_back(name.get_string().value());
  for (const std::string_view name :
       {"binary_tensor_data", "statistics", "classification", "system_shared_memory"})
    EXPECT_NE(std::ranges::find(extensions, name), extensions.end()) << name;
  EXPECT_EQ(ask("GET", "/v2", "", {.allow_client_shm = false}).body.find("system_shared_memory"),
            std::string::npos);
}

TEST_F(RestApiTest, DescribesItsModels) {
  EXPECT_EQ(get("/v2/models").body, R"({"models":["m"]})");
  const RestResponse response = get("/v2/models/m");
  const auto model = json(response);
  EXPECT_EQ(model["name"].get_string().value(), "m");
  EXPECT_EQ(simdjson::minify(model["versions"].value()), R"(["1","3"])");
  EXPECT_EQ(model["platform"].get_string().value(), "onnxruntime_onnx");
  EXPECT_EQ(model["inputs"].at(0)["datatype"].get_string().value(), "FP32");
  EXPECT_EQ(model["inputs"].at(0)["shape"].at(0).get_int64().value(), -1);
  EXPECT_TRUE(model["outputs"].at(0)["name"].is_string());
  const RestResponse one = get("/v2/models/m/versions/1");
  EXPECT_EQ(simdjson::minify(json(one)["versions"].value()), R"(["1"])");
  expect_error(get("/v2/models/x"), 404, "Request for unknown model: 'x' is not found");
  expect_error(get("/v2/models/m/versions/2"), 404, "Request for unknown model: 'm' version 2 is not found");
}

TEST_F(RestApiTest, ShowsTheConfiguration) {
  const RestResponse response = get("/v2/models/m/config");
  EXPECT_EQ(response.status, 200);
  const auto config = json(response);
  EXPECT_EQ(config["name"].get_string().value(), "m");
  EXPECT_TRUE(config["max_batch_size"].is_int64());
  EXPECT_EQ(config["input"].at(0)["data_type"].get_string().value(), "TYPE_FP32");
  EXPECT_EQ(get("/v2/models/m/versions/1/config").status, 200);
  EXPECT_EQ(get("/v2/models/x/config").status, 404);
}

TEST_F(RestApiTest, ShowsStatisticsWithAllMembers) {
  const RestResponse all = get("/v2/models/stats");
  EXPECT_EQ(json(all)["model_stats"].get_array().value().size(), 2U);
  const RestResponse response = get("/v2/models/m/versions/3/stats");
  const auto stats = json(response)["model_stats"].at(0);
  EXPECT_EQ(stats["name"].get_string().value(), "m");
  EXPECT_EQ(stats["version"].get_string().value(), "3");
  for (const char* member : {"last_inference", "inference_count", "execution_count"})
    EXPECT_TRUE(stats[member].is_int64()) << member;
  for (const char* member : {"success", "fail", "queue", "compute_input", "compute_infer", "compute_output",
                             "cache_hit", "cache_miss"}) {
    EXPECT_TRUE(stats["inference_stats"][member]["count"].is_int64()) << member;
    EXPECT_TRUE(stats["inference_stats"][member]["ns"].is_int64()) << member;
  }
  EXPECT_TRUE(stats["response_stats"].is_object());
  EXPECT_TRUE(stats["batch_stats"].is_array());
  EXPECT_TRUE(stats["memory_usage"].is_array());
  expect_error(get("/v2/models/x/stats"), 400, "requested model 'x' is not available");
  expect_error(get("/v2/models/m/versions/2/stats"), 400,
               "requested model version is not available for model 'm'");
}

TEST_F(RestApiTest, ListsTheRepository) {
  put("idle", "1");
  EXPECT_EQ(post("/v2/repository/models/idle/load").status, 200);
  EXPECT_EQ(post("/v2/repository/models/idle/unload", R"({"parameters":{"unload_dependents":true}})").status,
            200);
  const RestResponse response = post("/v2/repository/index");
  EXPECT_NE(response.body.find(R"({"name":"m","version":"1","state":"READY"})"), std::string::npos)
      << response.body;
  EXPECT_NE(response.body.find(R"("reason":"unloaded")"), std::string::npos) << response.body;
  const RestResponse ready = post("/v2/repository/index", R"({"ready":true})");
  EXPECT_EQ(ready.body.find("idle"), std::string::npos) << ready.body;
  EXPECT_NE(post("/v2/repository/index", R"({"ready":false})").body.find("idle"), std::string::npos);
  expect_error(post("/v2/repository/index", R"({"ready":1})"), 400,
               "Invalid value for 'ready': expected a boolean");
}

TEST_F(RestApiTest, LoadsAndUnloadsAsKServeReadsIt) {
  put("n", "1");
  const RestResponse load = post("/v2/repository/models/n/load", "{}");
  EXPECT_EQ(load.status, 200) << load.body;
  EXPECT_EQ(load.body, R"({"name":"n","load":true})");
  EXPECT_EQ(get("/v2/models/n/ready").status, 200);
  EXPECT_EQ(post("/v2/repository/models/n/unload").body, R"({"name":"n","unload":true})");
  EXPECT_NE(get("/v2/models/n/ready").status, 200);
  EXPECT_EQ(post("/v2/repository/models/unknown/unload").status, 200);
  expect_error(post("/v2/repository/models/unknown/load"), 500, "failed to load 'unknown'");
}

TEST_F(RestApiTest, TakesAConfigurationAndFilesWithALoad) {
  std::ifstream file(test::model_path("identity_float32.onnx"), std::ios::binary);
  const std::string model{std::istreambuf_iterator<char>(file), {}};
  const std::string base64 = encode_base64(std::as_bytes(std::span(model)));
  const RestResponse load =
      post("/v2/repository/models/sent/load",
           R"({"parameters":{"config":"{\"max_batch_size\":0}","file:1/model.onnx":")" + base64 + "\"}}");
  EXPECT_EQ(load.status, 200) << load.body;
  EXPECT_EQ(get("/v2/models/sent/ready").status, 200);
  expect_error(post("/v2/repository/models/m/load", R"({"parameters":{"mine":"x"}})"), 400, "'mine'");
  expect_error(post("/v2/repository/models/m/load", R"({"parameters":{"config":{}}})"), 400, "'config'");
  expect_error(post("/v2/repository/models/m/load", R"({"parameters":[]})"), 400, "'parameters'");
  expect_error(
      post("/v2/repository/models/m/load", R"({"parameters":{"config":"{}","file:1/model.onnx":"!"}})"), 400,
      "base64");
}

TEST_F(RestApiTest, LoadsOnlyWhereThatIsTheMode) {
  start(serving::ModelControl::none);
  expect_error(post("/v2/repository/models/m/load"), 503, "explicit model load / unload is not allowed");
  expect_error(post("/v2/repository/models/m/unload"), 503, "explicit model load / unload is not allowed");
}

TEST_F(RestApiTest, SurvivesJsonThatNestsDeeply) {
  const std::string nested(250'000, '[');
  for (const std::string target :
       {"/v2/repository/index", "/v2/repository/models/m/load", "/v2/trace/setting", "/v2/logging",
        "/v2/systemsharedmemory/region/r/register"}) {
    EXPECT_EQ(post(target, nested).status, 400) << target;
    EXPECT_EQ(post(target, "{\"a\":" + nested).status, 400) << target;
    EXPECT_EQ(post(target, "[]").status, 400) << target;
    EXPECT_EQ(post(target, "{").status, 400) << target;
  }
}

TEST_F(RestApiTest, ShowsAndChangesTraceSettings) {
  const RestResponse before = get("/v2/trace/setting");
  EXPECT_EQ(before.status, 200);
  EXPECT_EQ(json(before)["trace_mode"].get_string().value(), "triton");
  EXPECT_EQ(simdjson::minify(json(before)["trace_level"].value()), R"(["OFF"])");
  const RestResponse after =
      post("/v2/trace/setting",
           R"({"trace_level":["TIMESTAMPS"],"trace_rate":"7","trace_count":5,"log_frequency":null})");
  EXPECT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(json(after)["trace_rate"].get_string().value(), "7");
  EXPECT_EQ(json(after)["trace_count"].get_string().value(), "5");
  EXPECT_EQ(simdjson::minify(json(after)["trace_level"].value()), R"(["TIMESTAMPS"])");
  EXPECT_EQ(post("/v2/models/m/trace/setting", R"({"trace_rate":"9"})").status, 200);
  EXPECT_NE(get("/v2/models/m/trace/setting").body.find(R"("trace_rate":"9")"), std::string::npos);
  EXPECT_NE(get("/v2/trace/setting").body.find(R"("trace_rate":"7")"), std::string::npos);

  expect_error(get("/v2/models/x/trace/setting"), 400, "Request for unknown model : x");
  expect_error(post("/v2/models/x/trace/setting", "{}"), 400, "Request for unknown model : x");
  expect_error(post("/v2/trace/setting", R"({"trace_file":"/tmp/x"})"), 501,
               "trace file location can not be updated through network protocol");
  EXPECT_EQ(post("/v2/trace/setting", R"({"trace_rate":true})").status, 400);
  EXPECT_EQ(post("/v2/trace/setting", R"({"trace_rate":"0"})").status, 400);
  EXPECT_EQ(post("/v2/trace/setting", "").status, 400);
}

TEST_F(RestApiTest, ShowsAndChangesLogSettings) {
  EXPECT_EQ(get("/v2/logging").body,
            R"({"log_file":"","log_info":true,"log_warning":true,"log_error":true,"log_verbose_level":0,)"
            R"("log_format":"default"})");
  const RestResponse after = post(
      "/v2/logging", R"({"log_info":false,"log_verbose_level":2,"log_format":"ISO8601","log_file":null})");
  EXPECT_EQ(after.body,
            R"({"log_file":"","log_info":false,"log_warning":true,"log_error":true,"log_verbose_level":2,)"
            R"("log_format":"ISO8601"})");
  EXPECT_FALSE(log_settings_.passes(LogLevel::info));
  expect_error(post("/v2/logging", R"({"log_file":"/tmp/x"})"), 501,
               "log file location can not be updated through network protocol");
  for (const std::string wrong :
       {R"({"log_info":1})", R"({"log_error":null})", R"({"log_verbose_level":-1})",
        R"({"log_verbose_level":"1"})", R"({"log_verbose_level":18446744073709551615})",
        R"({"log_format":"x"})", R"({"log_warnings":true})", ""})
    EXPECT_EQ(post("/v2/logging", wrong).status, 400) << wrong;
}

TEST_F(RestApiTest, RegistersSharedMemory) {
  const test::SharedMemory memory("0123456789");
  EXPECT_EQ(get("/v2/systemsharedmemory/status").body, "[]");
  const RestResponse made = post("/v2/systemsharedmemory/region/r/register",
                                 R"({"key":")" + memory.key() + R"(","offset":2,"byte_size":8})");
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(get("/v2/systemsharedmemory/region/r/status").body,
            R"([{"name":"r","key":")" + memory.key() + R"(","offset":2,"byte_size":8}])");
  expect_error(
      post("/v2/systemsharedmemory/region/r/register", R"({"key":")" + memory.key() + R"(","byte_size":8})"),
      400, "shared memory region 'r' already in manager");
  expect_error(get("/v2/systemsharedmemory/region/q/status"), 404,
               "Unable to find shared memory region: 'q'");
  expect_error(
      post("/v2/systemsharedmemory/region/q/register", R"({"key":"/onda-there-is-none","byte_size":8})"), 500,
      "Unable to open shared memory region");
  expect_error(post("/v2/systemsharedmemory/region/q/register", R"({"byte_size":8})"), 400, "no 'key'");
  expect_error(post("/v2/systemsharedmemory/region/q/register", R"({"key":"k"})"), 400, "no 'byte_size'");
  expect_error(post("/v2/systemsharedmemory/region/q/register", R"({"key":"k","byte_size":-1})"), 400,
               "'byte_size'");
  EXPECT_EQ(post("/v2/systemsharedmemory/region/q/unregister").status, 200);
  EXPECT_EQ(post("/v2/systemsharedmemory/unregister").status, 200);
  EXPECT_EQ(get("/v2/systemsharedmemory/status").body, "[]");
}

TEST_F(RestApiTest, AnswersForCudaAsABuildWithoutIt) {
  EXPECT_EQ(get("/v2/cudasharedmemory/status").body, "[]");
  EXPECT_EQ(post("/v2/cudasharedmemory/unregister").status, 200);
  expect_error(post("/v2/cudasharedmemory/region/r/register",
                    R"({"raw_handle":{"b64":""},"device_id":0,"byte_size":1})"),
               400, "GPUs not supported");
}

TEST_F(RestApiTest, RefusesSharedMemoryUnlessItIsAllowed) {
  const Peer peer{.allow_client_shm = false};
  for (const std::string target :
       {"/v2/systemsharedmemory/unregister", "/v2/systemsharedmemory/region/r/unregister",
        "/v2/cudasharedmemory/unregister", "/v2/cudasharedmemory/region/r/register"})
    expect_error(ask("POST", target, "", peer), 501, "Client shared memory is disabled");
  expect_error(ask("POST", "/v2/systemsharedmemory/region/r/register", R"({"key":"k","byte_size":1})", peer),
               501, "Client shared memory is disabled");
  EXPECT_EQ(ask("GET", "/v2/systemsharedmemory/status", "", peer).body, "[]");
}

TEST_F(RestApiTest, LetsOnlyPeersOnThisMachineChangeIt) {
  const Peer remote{.is_local = false};
  for (const std::string target :
       {"/v2/repository/models/m/load", "/v2/repository/models/m/unload", "/v2/repository/r/models/m/load",
        "/v2/trace/setting", "/v2/models/m/trace/setting", "/v2/logging", "/v2/systemsharedmemory/unregister",
        "/v2/systemsharedmemory/region/r/register", "/v2/cudasharedmemory/unregister",
        "/v2/cudasharedmemory/region/r/register"})
    expect_error(ask("POST", target, "{}", remote), 403, "--allow-remote-admin");
  EXPECT_EQ(get("/v2/models/m/ready").status, 200);
  for (const std::string target :
       {"/v2/trace/setting", "/v2/logging", "/v2/systemsharedmemory/status", "/v2/models/m"})
    EXPECT_EQ(ask("GET", target, "", remote).status, 200) << target;
  EXPECT_EQ(ask("POST", "/v2/repository/index", "", remote).status, 200);
  EXPECT_EQ(ask("POST", "/v2/logging", "{}", {.is_local = false, .allow_remote_admin = true}).status, 200);
}

TEST_F(RestApiTest, AnswersWhatItDoesNotKnow) {
  EXPECT_EQ(get("/v2/nothing").body, R"({"error":"Not Found"})");
  EXPECT_EQ(get("/v2/nothing").status, 404);
  const RestResponse wrong = get("/v2/models/m/infer");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.body, R"({"error":"Method Not Allowed"})");
  ASSERT_EQ(wrong.headers.size(), 1U);
  EXPECT_EQ(wrong.headers[0].first, "Allow");
  EXPECT_EQ(wrong.headers[0].second, "POST");
  expect_error(get("/v2/models/a%2Fb"), 400, "no valid text");
  expect_error(post("/v2/repository/r/models/m/load"), 501,
               "'repository_name' specification is not supported");
}

TEST_F(RestApiTest, InvitesToTryAgainWhereTheQueueIsFull) {
  const RestResponse full = error_response(Error(ErrorCode::unavailable, "Exceeds maximum queue size"),
                                           serving::FailureSituation::queue_full);
  EXPECT_EQ(full.status, 503);
  ASSERT_EQ(full.headers.size(), 1U);
  EXPECT_EQ(full.headers[0].first, "Retry-After");
  EXPECT_EQ(full.headers[0].second, "1");
  EXPECT_TRUE(error_response(Error(ErrorCode::internal, "x")).headers.empty());
}

TEST_F(RestApiTest, ShowsMetrics) {
  const serving::Services all = services();
  ASSERT_TRUE(inflight_.try_take(7));
  const std::string page = metrics_page(all);
  EXPECT_NE(page.find("nv_inference_request_success{model=\"m\",version=\"1\"} 0"), std::string::npos)
      << page;
  EXPECT_NE(page.find("nv_inference_request_failure{model=\"m\",reason=\"REJECTED\",version=\"3\"} 0"),
            std::string::npos);
  EXPECT_NE(page.find("\nonda_inflight_bytes 7\n"), std::string::npos);
  EXPECT_NE(page.find("\nonda_inflight_bytes_limit 1000\n"), std::string::npos);
  EXPECT_NE(page.find("process_resident_memory_bytes"), std::string::npos);
}

}  // namespace
}  // namespace onda::protocol
