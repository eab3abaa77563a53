// Usage: grpc_load ADDRESS REQUEST OUTSTANDING SECONDS [RESPONSE]
//
// Sends the bytes of the file REQUEST to ModelInfer over one channel, always OUTSTANDING at a time, and
// prints requests a second, the median and the 99th percentile of their time in microseconds, and how many
// failed. The last answer is written to the file RESPONSE. A tenth of the time is for warming up and not
// counted.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace onda::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// However long they take: so many times at least.
constexpr std::size_t kFewest = 5;
constexpr const char* kMethod = "/inference.GRPCInferenceService/ModelInfer";

grpc::ByteBuffer read_message(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

void write_message(const std::string& file, const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) throw std::runtime_error("an answer cannot be read");
  std::ofstream stream(file, std::ios::binary);
  for (const auto& slice : slices) {
    stream.write(reinterpret_cast<const char*>(slice.begin()), static_cast<std::streamsize>(slice.size()));
  }
}

class Load {
 public:
  Load(const std::string& address, const grpc::ByteBuffer& request)
      : stub_(make_channel(address)), request_(request) {}

  void run(std::size_t outstanding, double seconds) {
    const auto start = Clock::now();
    counted_from_ =
        start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds * 0.1));
    end_ = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (std::size_t i = 0; i < outstanding; ++i) send();
    void* tag = nullptr;
    bool done = false;
    for (std::size_t left = outstanding; left > 0 && queue_.Next(&tag, &done);) {
      if (!finish(std::unique_ptr<Call>(static_cast<Call*>(tag)))) --left;
    }
    queue_.Shutdown();
  }

  void print() {
    const double seconds = std::chrono::duration<double>(end_ - counted_from_).count();
    std::ranges::sort(micros_);
    const auto at = [&](double share) {
      return micros_.empty()
                 ? 0.0
                 : micros_[static_cast<std::size_t>(share * static_cast<double>(micros_.size() - 1))];
    };
    std::cout << static_cast<double>(in_time_) / seconds << ' ' << at(0.5) << ' ' << at(0.99) << ' '
              << failed_ << '\n';
    if (failed_ > 0) std::cerr << "grpc_load: the last failure: " << failure_ << '\n';
  }

  [[nodiscard]] const grpc::ByteBuffer& last_answer() const { return answer_; }

 private:
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer answer;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    Clock::time_point sent;
  };

  static std::shared_ptr<grpc::Channel> make_channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
      throw std::runtime_error("no gRPC server at " + address);
    }
    return channel;
  }

  void send() {
    auto call = std::make_unique<Call>();
    call->sent = Clock::now();
    call->reader = stub_.PrepareUnaryCall(&call->context, kMethod, request_, &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call.get());
    // The queue hands it back.
    static_cast<void>(call.release());
  }

  /// Whether another one was sent.
  bool finish(std::unique_ptr<Call> call) {
    const auto now = Clock::now();
    if (!call->status.ok()) {
      ++failed_;
      failure_ = call->status.error_message();
    } else if (call->sent >= counted_from_) {
      micros_.push_back(std::chrono::duration<double, std::micro>(now - call->sent).count());
      if (now <= end_) ++in_time_;
    }
    if (now < end_ || (failed_ == 0 && micros_.size() < kFewest)) {
      send();
      return true;
    }
    answer_.Swap(&call->answer);
    return false;
  }

  grpc::GenericStub stub_;
  grpc::ByteBuffer request_;
  grpc::CompletionQueue queue_;
  Clock::time_point counted_from_;
  Clock::time_point end_;
  std::vector<double> micros_;
  std::size_t in_time_ = 0;
  std::size_t failed_ = 0;
  std::string failure_;
  grpc::ByteBuffer answer_;
};

int run(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "usage: grpc_load ADDRESS REQUEST OUTSTANDING SECONDS [RESPONSE]\n";
    return 2;
  }
  Load load(argv[1], read_message(argv[2]));
  load.run(std::stoul(argv[3]), std::stod(argv[4]));
  load.print();
  if (argc == 6) write_message(argv[5], load.last_answer());
  return 0;
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    return onda::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "grpc_load: " << error.what() << '\n';
    return 1;
  }
}
