// Usage: grpc_echo STYLE THREADS RESPONSE
//
// A gRPC server whose ModelInfer answers every request with the bytes of the file RESPONSE and looks at
// nothing: what gRPC itself costs. STYLE is `sync`, `async` (THREADS completion queues with a thread each,
// handled where they are taken), `shared` (THREADS threads on one completion queue) or `callback`. THREADS is
// what sync and callback leave to gRPC. Prints `ready PORT`; SIGTERM ends it.

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/method_handler.h>
#include <grpcpp/support/server_callback.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace onda::bench {
namespace {

constexpr const char* kMethod = "/inference.GRPCInferenceService/ModelInfer";
constexpr std::size_t kWaitingCalls = 64;

grpc::ByteBuffer read_response(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(std::string("cannot read ") + file);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

/// As the generated code makes a service, with raw bytes for both messages.
class SyncEcho final : public grpc::Service {
 public:
  explicit SyncEcho(const grpc::ByteBuffer& response) : response_(response) {
    using Handler = grpc::internal::RpcMethodHandler<SyncEcho, grpc::ByteBuffer, grpc::ByteBuffer,
                                                     grpc::ByteBuffer, grpc::ByteBuffer>;
    AddMethod(new grpc::internal::RpcServiceMethod(
        kMethod, grpc::internal::RpcMethod::NORMAL_RPC,
        new Handler([](SyncEcho* self, grpc::ServerContext*, const grpc::ByteBuffer*,
                       grpc::ByteBuffer* answer) { return self->answer(answer); },
                    this)));
  }

 private:
  grpc::Status answer(grpc::ByteBuffer* answer) const {
    *answer = response_;
    return grpc::Status::OK;
  }
  grpc::ByteBuffer response_;
};

class CallbackEcho final : public grpc::Service {
 public:
  explicit CallbackEcho(const grpc::ByteBuffer& response) : response_(response) {
    AddMethod(new grpc::internal::RpcServiceMethod(kMethod, grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(0, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                                 [this](grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                        grpc::ByteBuffer* answer) {
                                   *answer = response_;
                                   auto* reactor = context->DefaultReactor();
                                   reactor->Finish(grpc::Status::OK);
                                   return reactor;
                                 }));
  }

 private:
  grpc::ByteBuffer response_;
};

class AsyncEcho final : public grpc::Service {
 public:
  explicit AsyncEcho(const grpc::ByteBuffer& response) : response_(response) {
    AddMethod(new grpc::internal::RpcServiceMethod(kMethod, grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRaw(0);
  }

  /// Takes events of `queue` until it is shut down.
  static void serve(grpc::CompletionQueue& queue) {
    void* tag = nullptr;
    bool done = false;
    while (queue.Next(&tag, &done)) static_cast<Call*>(tag)->proceed(done);
  }

  void wait_for_call(grpc::ServerCompletionQueue& queue) { new Call(*this, queue); }

 private:
  /// One request, from waiting for it to its answer having left; deletes itself.
  class Call {
   public:
    Call(AsyncEcho& service, grpc::ServerCompletionQueue& queue)
        : service_(service), queue_(queue), writer_(&context_) {
      service_.RequestAsyncUnary(0, &context_, &request_, &writer_, &queue_, &queue_, this);
    }
    void proceed(bool done) {
      if (answered_ || !done) {
        delete this;
        return;
      }
      answered_ = true;
      service_.wait_for_call(queue_);
      writer_.Finish(service_.response_, grpc::Status::OK, this);
    }

   private:
    AsyncEcho& service_;
    grpc::ServerCompletionQueue& queue_;
    grpc::ServerContext context_;
    grpc::ByteBuffer request_;
    grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;
    bool answered_ = false;
  };

  grpc::ByteBuffer response_;
};

void wait_for_end(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
}

std::unique_ptr<grpc::Server> start(grpc::ServerBuilder& builder, grpc::Service& service, int& port) {
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (server == nullptr) throw std::runtime_error("the server does not start");
  return server;
}

void serve_async(std::size_t queues, std::size_t threads_per_queue, const grpc::ByteBuffer& response,
                 const sigset_t& signals) {
  grpc::ServerBuilder builder;
  AsyncEcho service(response);
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> all;
  for (std::size_t i = 0; i < queues; ++i) all.push_back(builder.AddCompletionQueue());
  int port = 0;
  const auto server = start(builder, service, port);
  std::vector<std::jthread> threads;
  for (const auto& queue : all) {
    for (std::size_t i = 0; i < kWaitingCalls; ++i) service.wait_for_call(*queue);
    for (std::size_t i = 0; i < threads_per_queue; ++i) {
      threads.emplace_back([&queue] { AsyncEcho::serve(*queue); });
    }
  }
  std::cout << "ready " << port << std::endl;
  wait_for_end(signals);
  server->Shutdown(std::chrono::system_clock::now());
  for (const auto& queue : all) queue->Shutdown();
}

template <class Service>
void serve(const grpc::ByteBuffer& response, const sigset_t& signals) {
  grpc::ServerBuilder builder;
  Service service(response);
  int port = 0;
  const auto server = start(builder, service, port);
  std::cout << "ready " << port << std::endl;
  wait_for_end(signals);
  server->Shutdown(std::chrono::system_clock::now());
}

int run(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: grpc_echo sync|async|shared|callback THREADS RESPONSE\n";
    return 2;
  }
  // Before any thread is made, so that all of them leave the signal to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::string style = argv[1];
  const std::size_t threads = std::stoul(argv[2]);
  const auto response = read_response(argv[3]);
  if (style == "sync") {
    serve<SyncEcho>(response, signals);
  } else if (style == "callback") {
    serve<CallbackEcho>(response, signals);
  } else if (style == "async") {
    serve_async(threads, 1, response, signals);
  } else if (style == "shared") {
    serve_async(1, threads, response, signals);
  } else {
    throw std::runtime_error("no such style: " + style);
  }
  return 0;
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    return onda::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "grpc_echo: " << error.what() << '\n';
    return 1;
  }
}
