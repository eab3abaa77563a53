#include "server/grpc_server.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "onda/error.h"
#include "protocol/grpc_method.h"
#include "protocol/reflection.grpc.pb.h"
#include "server/grpc_fixture.h"
#include "support/error_matchers.h"
#include "support/shared_memory.h"

namespace onda::server {
namespace {

using grpc::StatusCode;
using Stub = inference::GRPCInferenceService::Stub;
using test::has_failed;
namespace health = grpc::health::v1;
namespace reflection = grpc::reflection::v1alpha;

class GrpcServerTest : public test::GrpcServerFixture {
 protected:
  health::HealthCheckResponse::ServingStatus health_of(const std::string& service) {
    const auto stub = health::Health::NewStub(channel());
    grpc::ClientContext context;
    health::HealthCheckRequest request;
    request.set_service(service);
    health::HealthCheckResponse response;
    EXPECT_TRUE(stub->Check(&context, request, &response).ok());
    return response.status();
  }
};

TEST_F(GrpcServerTest, SaysThatItIsLiveAndReady) {
  put("m", 1, "identity_float32");
  start();
  inference::ServerLiveResponse live;
  ASSERT_TRUE(call(&Stub::ServerLive, inference::ServerLiveRequest(), live).ok());
  EXPECT_TRUE(live.live());
  inference::ServerReadyResponse ready;
  ASSERT_TRUE(call(&Stub::ServerReady, inference::ServerReadyRequest(), ready).ok());
  EXPECT_TRUE(ready.ready());
  inference::ModelReadyRequest request;
  inference::ModelReadyResponse model;
  request.set_name("m");
  ASSERT_TRUE(call(&Stub::ModelReady, request, model).ok());
  EXPECT_TRUE(model.ready());
  request.set_version("1");
  ASSERT_TRUE(call(&Stub::ModelReady, request, model).ok());
  EXPECT_TRUE(model.ready());
}

TEST_F(GrpcServerTest, AModelThatIsNotReadyIsAnAnswerAndNoError) {
  start();
  inference::ModelReadyRequest request;
  inference::ModelReadyResponse model;
  request.set_name("nobody");
  ASSERT_TRUE(call(&Stub::ModelReady, request, model).ok());
  EXPECT_FALSE(model.ready());
  request.set_version("not a number");
  ASSERT_TRUE(call(&Stub::ModelReady, request, model).ok());
  EXPECT_FALSE(model.ready());
}

TEST_F(GrpcServerTest, DescribesItself) {
  start();
  inference::ServerMetadataResponse response;
  ASSERT_TRUE(call(&Stub::ServerMetadata, inference::ServerMetadataRequest(), response).ok());
  EXPECT_EQ(response.name(), "onda");
  EXPECT_EQ(response.version(), "1.2.3");
  const std::set<std::string> names(response.extensions().begin(), response.extensions().end());
  EXPECT_TRUE(names.contains("statistics"));
  EXPECT_TRUE(names.contains("model_repository"));
  EXPECT_FALSE(names.contains("system_shared_memory"));
}

TEST_F(GrpcServerTest, DescribesModels) {
  put("m", 1, "tiny");
  put("m", 2, "tiny");
  configure("m", "version_policy { all {} }");
  start();
  inference::ModelMetadataRequest request;
  request.set_name("m");
  inference::ModelMetadataResponse response;
  ASSERT_TRUE(call(&Stub::ModelMetadata, request, response).ok());
  EXPECT_EQ(response.name(), "m");
  EXPECT_EQ(response.versions_size(), 2);
  EXPECT_EQ(response.platform(), "onnxruntime_onnx");
  ASSERT_EQ(response.inputs_size(), 1);
  EXPECT_EQ(response.inputs(0).name(), "x");
  EXPECT_EQ(response.inputs(0).datatype(), "FP32");
  ASSERT_EQ(response.inputs(0).shape_size(), 2);
  EXPECT_EQ(response.inputs(0).shape(0), -1);
  EXPECT_EQ(response.inputs(0).shape(1), 64);
  EXPECT_EQ(response.outputs_size(), 1);
  request.set_version("2");
  ASSERT_TRUE(call(&Stub::ModelMetadata, request, response).ok());
  ASSERT_EQ(response.versions_size(), 1);
  EXPECT_EQ(response.versions(0), "2");
  request.set_name("nobody");
  EXPECT_TRUE(has_failed(call(&Stub::ModelMetadata, request, response), StatusCode::NOT_FOUND,
                         "Request for unknown model: 'nobody'"));
}

TEST_F(GrpcServerTest, TheConfigurationAgreesWithTheMetadata) {
  put("m", 1, "tiny");
  start();
  inference::ModelConfigRequest request;
  request.set_name("m");
  inference::ModelConfigResponse response;
  ASSERT_TRUE(call(&Stub::ModelConfig, request, response).ok());
  EXPECT_EQ(response.config().name(), "m");
  EXPECT_GT(response.config().max_batch_size(), 0);
  ASSERT_EQ(response.config().input_size(), 1);
  EXPECT_EQ(response.config().input(0).data_type(), inference::TYPE_FP32);
  ASSERT_EQ(response.config().input(0).dims_size(), 1);
  EXPECT_EQ(response.config().input(0).dims(0), 64);
}

TEST_F(GrpcServerTest, CountsWhatItAnswers) {
  put("m", 1, "identity_float32");
  start();
  auto request = request_for("m");
  request.mutable_inputs(0)->set_shape(0, 2);
  request.set_raw_input_contents(0, request.raw_input_contents(0) + request.raw_input_contents(0));
  ASSERT_TRUE(infer(request).ok());
  inference::ModelStatisticsRequest asked;
  asked.set_name("m");
  inference::ModelStatisticsResponse response;
  ASSERT_TRUE(call(&Stub::ModelStatistics, asked, response).ok());
  ASSERT_EQ(response.model_stats_size(), 1);
  const auto& model = response.model_stats(0);
  EXPECT_EQ(model.name(), "m");
  EXPECT_EQ(model.version(), "1");
  EXPECT_EQ(model.inference_count(), 2U);
  EXPECT_EQ(model.execution_count(), 1U);
  EXPECT_GT(model.last_inference(), 0U);
  const auto& all = model.inference_stats();
  EXPECT_EQ(all.success().count(), 1U);
  EXPECT_EQ(all.queue().count(), 1U);
  EXPECT_EQ(all.compute_infer().count(), 1U);
  EXPECT_EQ(all.compute_input().count(), all.compute_output().count());
  EXPECT_TRUE(all.has_fail() && all.has_cache_hit() && all.has_cache_miss());
  ASSERT_EQ(model.batch_stats_size(), 1);
  EXPECT_EQ(model.batch_stats(0).batch_size(), 2U);
  asked.set_version("9");
  EXPECT_TRUE(has_failed(call(&Stub::ModelStatistics, asked, response), StatusCode::INVALID_ARGUMENT,
                         "requested model version is not available for model 'm'"));
  asked.set_name("nobody");
  EXPECT_TRUE(has_failed(call(&Stub::ModelStatistics, asked, response), StatusCode::INVALID_ARGUMENT,
                         "requested model 'nobody' is not available"));
  ASSERT_TRUE(call(&Stub::ModelStatistics, inference::ModelStatisticsRequest(), response).ok());
  EXPECT_EQ(response.model_stats_size(), 1);
}

TEST_F(GrpcServerTest, LoadsAndUnloadsModels) {
  put("m", 1, "identity_float32");
  put("broken", 1, "opset_99");
  start({.control = serving::ModelControl::explicit_});
  EXPECT_FALSE(infer(request_for("m")).ok());
  inference::RepositoryModelLoadRequest load;
  inference::RepositoryModelLoadResponse loaded;
  load.set_model_name("m");
  grpc::Status status = call(&Stub::RepositoryModelLoad, load, loaded);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(loaded.ByteSizeLong(), 0U);
  EXPECT_TRUE(infer(request_for("m")).ok());

  load.set_model_name("broken");
  EXPECT_TRUE(has_failed(call(&Stub::RepositoryModelLoad, load, loaded), StatusCode::INVALID_ARGUMENT,
                         "load failed for model 'broken'"));
  load.set_model_name("nobody");
  EXPECT_FALSE(call(&Stub::RepositoryModelLoad, load, loaded).ok());
  load.set_model_name("m");
  (*load.mutable_parameters())["other"].set_string_param("x");
  EXPECT_TRUE(
      has_failed(call(&Stub::RepositoryModelLoad, load, loaded), StatusCode::INVALID_ARGUMENT, "'other'"));
  load.clear_parameters();
  (*load.mutable_parameters())["config"].set_int64_param(1);
  EXPECT_TRUE(has_failed(call(&Stub::RepositoryModelLoad, load, loaded), StatusCode::INVALID_ARGUMENT,
                         "string_param"));
  load.clear_parameters();
  load.set_repository_name("r");
  EXPECT_TRUE(has_failed(call(&Stub::RepositoryModelLoad, load, loaded), StatusCode::UNIMPLEMENTED,
                         "repository_name"));

  inference::RepositoryIndexResponse index;
  ASSERT_TRUE(call(&Stub::RepositoryIndex, inference::RepositoryIndexRequest(), index).ok());
  bool has_seen_m = false;
  for (const auto& line : index.models()) {
    if (line.name() != "m") continue;
    has_seen_m = true;
    EXPECT_EQ(line.version(), "1");
    EXPECT_EQ(line.state(), "READY");
  }
  EXPECT_TRUE(has_seen_m);
  inference::RepositoryIndexRequest ready;
  ready.set_ready(true);
  ASSERT_TRUE(call(&Stub::RepositoryIndex, ready, index).ok());
  EXPECT_EQ(index.models_size(), 1);

  inference::RepositoryModelUnloadRequest unload;
  inference::RepositoryModelUnloadResponse unloaded;
  unload.set_model_name("m");
  (*unload.mutable_parameters())["unload_dependents"].set_bool_param(false);
  ASSERT_TRUE(call(&Stub::RepositoryModelUnload, unload, unloaded).ok());
  EXPECT_FALSE(infer(request_for("m")).ok());
  unload.set_model_name("nobody");
  EXPECT_TRUE(call(&Stub::RepositoryModelUnload, unload, unloaded).ok());
}

TEST_F(GrpcServerTest, KServesClientsNameTheModelInAnotherField) {
  put("m", 1, "identity_float32");
  start({.control = serving::ModelControl::explicit_});
  inference::RepositoryModelLoadRequest load;
  inference::RepositoryModelLoadResponse loaded;
  load.set_repository_name("m");
  ASSERT_TRUE(call(&Stub::RepositoryModelLoad, load, loaded).ok());
  EXPECT_EQ(loaded.model_name(), "m");
  EXPECT_TRUE(loaded.isloaded());
  EXPECT_TRUE(infer(request_for("m")).ok());
  inference::RepositoryModelUnloadRequest unload;
  inference::RepositoryModelUnloadResponse unloaded;
  unload.set_repository_name("m");
  ASSERT_TRUE(call(&Stub::RepositoryModelUnload, unload, unloaded).ok());
  EXPECT_TRUE(unloaded.isunloaded());
}

TEST_F(GrpcServerTest, AModelComesWithItsLoad) {
  start({.control = serving::ModelControl::explicit_});
  std::ifstream file(test::model_path("identity_float32.onnx"), std::ios::binary);
  const std::string model(std::istreambuf_iterator<char>(file), {});
  inference::RepositoryModelLoadRequest load;
  inference::RepositoryModelLoadResponse loaded;
  load.set_model_name("sent");
  (*load.mutable_parameters())["config"].set_string_param("{}");
  (*load.mutable_parameters())["file:5/model.onnx"].set_bytes_param(model);
  const grpc::Status status = call(&Stub::RepositoryModelLoad, load, loaded);
  ASSERT_TRUE(status.ok()) << status.error_message();
  inference::ModelInferResponse response;
  ASSERT_TRUE(infer(request_for("sent"), response).ok());
  EXPECT_EQ(response.model_version(), "5");
}

TEST_F(GrpcServerTest, LoadsOnlyWhereTheRepositoryIsControlledBySomebody) {
  start();
  inference::RepositoryModelLoadRequest load;
  inference::RepositoryModelLoadResponse loaded;
  load.set_model_name("m");
  EXPECT_TRUE(has_failed(call(&Stub::RepositoryModelLoad, load, loaded), StatusCode::UNAVAILABLE,
                         "explicit model load / unload is not allowed"));
}

TEST_F(GrpcServerTest, SharedMemoryIsRegisteredAndListed) {
  start({.allow_client_shm = true});
  test::SharedMemory memory("........");
  inference::SystemSharedMemoryRegisterRequest add;
  inference::SystemSharedMemoryRegisterResponse added;
  add.set_name("r");
  add.set_key(memory.key());
  add.set_byte_size(8);
  ASSERT_TRUE(call(&Stub::SystemSharedMemoryRegister, add, added).ok());
  EXPECT_TRUE(has_failed(call(&Stub::SystemSharedMemoryRegister, add, added), StatusCode::ALREADY_EXISTS,
                         "shared memory region 'r' already in manager"));
  add.set_name("large");
  add.set_byte_size(9);
  EXPECT_TRUE(has_failed(call(&Stub::SystemSharedMemoryRegister, add, added), StatusCode::INVALID_ARGUMENT,
                         "failed to register shared memory region 'large': invalid args"));
  add.set_key("/there_is_no_such_object");
  EXPECT_TRUE(has_failed(call(&Stub::SystemSharedMemoryRegister, add, added), StatusCode::INTERNAL,
                         "Unable to open shared memory region: '/there_is_no_such_object'"));
  inference::SystemSharedMemoryStatusRequest ask;
  inference::SystemSharedMemoryStatusResponse status;
  ASSERT_TRUE(call(&Stub::SystemSharedMemoryStatus, ask, status).ok());
  ASSERT_EQ(status.regions_size(), 1);
  EXPECT_EQ(status.regions().at("r").byte_size(), 8U);
  EXPECT_EQ(status.regions().at("r").key(), memory.key());
  ask.set_name("unknown");
  EXPECT_TRUE(has_failed(call(&Stub::SystemSharedMemoryStatus, ask, status), StatusCode::NOT_FOUND,
                         "Unable to find shared memory region: 'unknown'"));
  inference::SystemSharedMemoryUnregisterRequest remove;
  inference::SystemSharedMemoryUnregisterResponse removed;
  remove.set_name("unknown");
  EXPECT_TRUE(call(&Stub::SystemSharedMemoryUnregister, remove, removed).ok());
  remove.set_name("");
  EXPECT_TRUE(call(&Stub::SystemSharedMemoryUnregister, remove, removed).ok());
  ask.set_name("");
  ASSERT_TRUE(call(&Stub::SystemSharedMemoryStatus, ask, status).ok());
  EXPECT_EQ(status.regions_size(), 0);
}

TEST_F(GrpcServerTest, SharedMemoryIsOffUnlessAllowed) {
  start();
  inference::SystemSharedMemoryRegisterRequest add;
  inference::SystemSharedMemoryRegisterResponse added;
  add.set_name("r");
  EXPECT_TRUE(has_failed(call(&Stub::SystemSharedMemoryRegister, add, added), StatusCode::UNIMPLEMENTED,
                         "Client shared memory is disabled"));
  inference::SystemSharedMemoryStatusResponse status;
  EXPECT_TRUE(
      call(&Stub::SystemSharedMemoryStatus, inference::SystemSharedMemoryStatusRequest(), status).ok());
}

TEST_F(GrpcServerTest, CudaSharedMemoryAnswersAsABuildWithoutIt) {
  start({.allow_client_shm = true});
  inference::CudaSharedMemoryRegisterRequest add;
  inference::CudaSharedMemoryRegisterResponse added;
  add.set_name("r");
  EXPECT_TRUE(has_failed(call(&Stub::CudaSharedMemoryRegister, add, added), StatusCode::INVALID_ARGUMENT,
                         "GPUs not supported"));
  inference::CudaSharedMemoryStatusResponse status;
  ASSERT_TRUE(call(&Stub::CudaSharedMemoryStatus, inference::CudaSharedMemoryStatusRequest(), status).ok());
  EXPECT_EQ(status.regions_size(), 0);
  inference::CudaSharedMemoryUnregisterResponse removed;
  EXPECT_TRUE(
      call(&Stub::CudaSharedMemoryUnregister, inference::CudaSharedMemoryUnregisterRequest(), removed).ok());
}

TEST_F(GrpcServerTest, TraceSettingsAreShownAndChanged) {
  put("m", 1, "identity_float32");
  start();
  inference::TraceSettingRequest request;
  inference::TraceSettingResponse response;
  (*request.mutable_settings())["trace_rate"].add_value("7");
  (*request.mutable_settings())["trace_level"].add_value("TIMESTAMPS");
  request.set_model_name("m");
  ASSERT_TRUE(call(&Stub::TraceSetting, request, response).ok());
  EXPECT_EQ(response.settings().at("trace_rate").value(0), "7");
  EXPECT_EQ(response.settings().at("trace_level").value(0), "TIMESTAMPS");
  EXPECT_EQ(response.settings().at("trace_mode").value(0), "triton");
  request.clear_settings();
  (*request.mutable_settings())["trace_rate"];
  ASSERT_TRUE(call(&Stub::TraceSetting, request, response).ok());
  EXPECT_EQ(response.settings().at("trace_rate").value(0), "1000");
  request.clear_settings();
  for (const char* const rate : {"1", "2"}) (*request.mutable_settings())["trace_rate"].add_value(rate);
  EXPECT_TRUE(
      has_failed(call(&Stub::TraceSetting, request, response), StatusCode::INVALID_ARGUMENT, "trace_rate"));
  request.clear_settings();
  (*request.mutable_settings())["trace_file"].add_value("/tmp/x");
  EXPECT_TRUE(has_failed(call(&Stub::TraceSetting, request, response), StatusCode::UNIMPLEMENTED,
                         "trace file location can not be updated through network protocol"));
  request.clear_settings();
  request.set_model_name("nobody");
  EXPECT_TRUE(has_failed(call(&Stub::TraceSetting, request, response), StatusCode::INVALID_ARGUMENT,
                         "Request for unknown model : nobody"));
}

TEST_F(GrpcServerTest, LogSettingsAreShownAndTakeEffect) {
  start();
  inference::LogSettingsRequest request;
  inference::LogSettingsResponse response;
  (*request.mutable_settings())["log_verbose_level"].set_uint32_param(1);
  (*request.mutable_settings())["log_info"].set_bool_param(false);
  (*request.mutable_settings())["log_format"].set_string_param("ISO8601");
  ASSERT_TRUE(call(&Stub::LogSettings, request, response).ok());
  EXPECT_EQ(response.settings().at("log_verbose_level").uint32_param(), 1U);
  EXPECT_FALSE(response.settings().at("log_info").bool_param());
  EXPECT_TRUE(response.settings().at("log_error").bool_param());
  EXPECT_EQ(response.settings().at("log_format").string_param(), "ISO8601");
  EXPECT_TRUE(log_settings_.passes(LogLevel::verbose));
  request.clear_settings();
  (*request.mutable_settings())["log_file"].set_string_param("/tmp/x");
  EXPECT_TRUE(has_failed(call(&Stub::LogSettings, request, response), StatusCode::UNIMPLEMENTED,
                         "log file location can not be updated through network protocol"));
  request.clear_settings();
  (*request.mutable_settings())["log_info"].set_string_param("yes");
  EXPECT_TRUE(
      has_failed(call(&Stub::LogSettings, request, response), StatusCode::INVALID_ARGUMENT, "bool_param"));
  request.clear_settings();
  (*request.mutable_settings())["other"].set_bool_param(true);
  EXPECT_TRUE(
      has_failed(call(&Stub::LogSettings, request, response), StatusCode::INVALID_ARGUMENT, "'other'"));
}

TEST_F(GrpcServerTest, HealthIsTheServersReadiness) {
  put("m", 1, "identity_float32");
  start();
  EXPECT_EQ(health_of(""), health::HealthCheckResponse::SERVING);
  EXPECT_EQ(health_of("inference.GRPCInferenceService"), health::HealthCheckResponse::SERVING);
  manager_->drain();
  EXPECT_EQ(health_of(""), health::HealthCheckResponse::NOT_SERVING);
}

TEST_F(GrpcServerTest, AWatchedHealthIsToldWhenItChanges) {
  start();
  const auto stub = health::Health::NewStub(channel());
  grpc::ClientContext context;
  const auto reader = stub->Watch(&context, health::HealthCheckRequest());
  health::HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), health::HealthCheckResponse::SERVING);
  manager_->drain();
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), health::HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(GrpcServerTest, ReflectionTellsServicesAndTheirFiles) {
  start();
  const auto stub = reflection::ServerReflection::NewStub(channel());
  grpc::ClientContext context;
  const auto stream = stub->ServerReflectionInfo(&context);
  const auto ask = [&](auto set) {
    reflection::ServerReflectionRequest request;
    set(request);
    EXPECT_TRUE(stream->Write(request));
    reflection::ServerReflectionResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response;
  };
  std::set<std::string> names;
  const auto listed = ask([](auto& request) { request.set_list_services("*"); });
  for (const auto& service : listed.list_services_response().service()) {
    names.insert(service.name());
  }
  EXPECT_EQ(names, (std::set<std::string>{"inference.GRPCInferenceService", "grpc.health.v1.Health",
                                          "grpc.reflection.v1alpha.ServerReflection"}));
  const auto by_symbol = ask(
      [](auto& request) { request.set_file_containing_symbol("inference.GRPCInferenceService.ModelInfer"); });
  ASSERT_EQ(by_symbol.file_descriptor_response().file_descriptor_proto_size(), 2);
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(by_symbol.file_descriptor_response().file_descriptor_proto(0)));
  ASSERT_EQ(file.service_size(), 1);
  EXPECT_EQ(file.service(0).method_size(), 20);
  const auto by_name = ask([](auto& request) { request.set_file_by_filename("protocol/health.proto"); });
  EXPECT_EQ(by_name.file_descriptor_response().file_descriptor_proto_size(), 1);
  const auto unknown = ask([](auto& request) { request.set_file_containing_symbol("no.such.Thing"); });
  EXPECT_EQ(unknown.error_response().error_code(), StatusCode::NOT_FOUND);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcServerTest, AnUnknownMethodIsUnimplemented) {
  start();
  grpc::GenericStub stub(channel());
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice slice("x");
  const grpc::ByteBuffer request(&slice, 1);
  const auto call =
      stub.PrepareUnaryCall(&context, "/inference.GRPCInferenceService/NoSuchMethod", request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, APeerThatIsNotTrustedMayLookButNotTouch) {
  start({.control = serving::ModelControl::explicit_, .allow_client_shm = true});
  const protocol::GrpcCaller stranger{.is_trusted = false};
  const auto call_as_stranger = [&](const std::string& method, const google::protobuf::Message& request) {
    const std::string bytes = request.SerializeAsString();
    const std::vector slices{std::as_bytes(std::span(bytes))};
    return protocol::find_grpc_method("/inference.GRPCInferenceService/" + method)
        ->answer(*services_, stranger, slices);
  };
  const auto is_denied = [&](const std::string& method, const google::protobuf::Message& request) {
    return test::throws_error([&] { return call_as_stranger(method, request); }, ErrorCode::permission_denied,
                              "--allow-remote-admin");
  };
  EXPECT_TRUE(is_denied("RepositoryModelLoad", inference::RepositoryModelLoadRequest()));
  EXPECT_TRUE(is_denied("RepositoryModelUnload", inference::RepositoryModelUnloadRequest()));
  EXPECT_TRUE(is_denied("SystemSharedMemoryRegister", inference::SystemSharedMemoryRegisterRequest()));
  EXPECT_TRUE(is_denied("SystemSharedMemoryUnregister", inference::SystemSharedMemoryUnregisterRequest()));
  EXPECT_TRUE(is_denied("CudaSharedMemoryRegister", inference::CudaSharedMemoryRegisterRequest()));
  EXPECT_TRUE(is_denied("CudaSharedMemoryUnregister", inference::CudaSharedMemoryUnregisterRequest()));
  inference::TraceSettingRequest trace;
  EXPECT_NO_THROW(static_cast<void>(call_as_stranger("TraceSetting", trace)));
  (*trace.mutable_settings())["trace_rate"].add_value("1");
  EXPECT_TRUE(is_denied("TraceSetting", trace));
  inference::LogSettingsRequest log;
  EXPECT_NO_THROW(static_cast<void>(call_as_stranger("LogSettings", log)));
  (*log.mutable_settings())["log_info"].set_bool_param(false);
  EXPECT_TRUE(is_denied("LogSettings", log));
  EXPECT_NO_THROW(
      static_cast<void>(call_as_stranger("RepositoryIndex", inference::RepositoryIndexRequest())));
}

TEST_F(GrpcServerTest, ServesAtAUnixSocket) {
  put("m", 1, "identity_float32");
  Settings settings;
  settings.control = serving::ModelControl::explicit_;
  settings.grpc.host = "unix:" + (directory_ / "grpc.sock").string();
  start(settings);
  EXPECT_EQ(server_->address(), settings.grpc.host);
  inference::RepositoryModelLoadRequest load;
  inference::RepositoryModelLoadResponse loaded;
  load.set_model_name("m");
  EXPECT_TRUE(call(&Stub::RepositoryModelLoad, load, loaded).ok());
  EXPECT_TRUE(infer(request_for("m")).ok());
}

TEST_F(GrpcServerTest, APortThatIsTakenIsRefused) {
  start();
  const std::string address = server_->address();
  GrpcServerOptions options;
  options.port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  EXPECT_TRUE(test::throws_error([&] { return GrpcServer(options, *services_).address(); },
                                 ErrorCode::unavailable, address));
}

TEST_F(GrpcServerTest, AShutdownAnswersWhatItHasAndEndsIdleStreams) {
  put("m", 1, "identity_float32");
  start({}, manual_);
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  inference::ModelInferResponse response;
  std::thread client([&] { EXPECT_TRUE(infer(request_for("m"), response).ok()); });
  test::wait_until([&] { return manual_.posted() > 0; });
  std::thread ending([&] { server_->shutdown(std::chrono::steady_clock::now() + std::chrono::hours(1)); });
  inference::ModelStreamInferResponse none;
  EXPECT_FALSE(stream->Read(&none));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAVAILABLE);
  manual_.run_all();
  client.join();
  ending.join();
  EXPECT_EQ(response.raw_output_contents_size(), 1);
}

TEST_F(GrpcServerTest, AShutdownCutsWhatIsNotOverInTime) {
  put("m", 1, "identity_float32");
  start({}, manual_);
  std::thread client([&] { EXPECT_FALSE(infer(request_for("m")).ok()); });
  test::wait_until([&] { return manual_.posted() > 0; });
  std::thread ending([&] { server_->shutdown(std::chrono::steady_clock::now()); });
  client.join();
  manual_.run_all();
  ending.join();
  EXPECT_EQ(statistics("m").success.count, 0U);
}

}  // namespace
}  // namespace onda::server
