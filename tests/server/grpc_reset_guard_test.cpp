#include "server/grpc_reset_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "server/grpc_fixture.h"

namespace onda::server {
namespace {

/// A frame of HTTP/2.
std::string frame(char type, char flags, std::uint32_t stream, std::string_view payload) {
  const auto byte = [](std::size_t value, unsigned shift) {
    return static_cast<char>(value >> shift & 0xffU);
  };
  std::string bytes = {
      byte(payload.size(), 16), byte(payload.size(), 8), byte(payload.size(), 0), type,           flags,
      byte(stream, 24),         byte(stream, 16),        byte(stream, 8),         byte(stream, 0)};
  return bytes.append(payload);
}

std::string header(std::string_view name, std::string_view value) {
  std::string bytes(1, '\0');
  bytes += static_cast<char>(name.size());
  bytes += name;
  bytes += static_cast<char>(value.size());
  return bytes.append(value);
}

/// A client that does nothing but open streams and reset them.
class Flood {
 public:
  explicit Flood(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    send_all("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, ""));
  }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  ~Flood() { close(socket_); }

  /// False once the connection is cut.
  bool reset_streams(int count) {
    constexpr char kHeaders = 1;
    constexpr char kReset = 3;
    constexpr char kEndHeaders = 4;
    const std::string headers = header(":method", "POST") + header(":scheme", "http") +
                                header(":path", "/inference.GRPCInferenceService/ModelInfer") +
                                header(":authority", "x") + header("te", "trailers") +
                                header("content-type", "application/grpc");
    std::string bytes;
    for (int i = 0; i < count; ++i) {
      bytes += frame(kHeaders, kEndHeaders, stream_, headers);
      bytes += frame(kReset, 0, stream_, std::string_view("\0\0\0\x08", 4));
      stream_ += 2;
    }
    return send_all(bytes);
  }

 private:
  bool send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      // Read what it answers, so that it never waits for that.
      char buffer[4096];
      while (recv(socket_, buffer, sizeof(buffer), MSG_DONTWAIT) > 0) {
      }
    }
    return true;
  }

  int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint32_t stream_ = 1;
};

class GrpcResetGuardTest : public test::GrpcServerFixture {};

TEST_F(GrpcResetGuardTest, AFloodOfResetsIsCutAndOthersAreServed) {
  put("m", 1, "identity_float32");
  Settings settings;
  settings.grpc.max_concurrent_streams = 100;
  settings.grpc.max_resets_per_second = 200;
  std::mutex mutex;
  std::string logged;
  settings.grpc.log = [&](LogLevel, std::string_view line) {
    const std::scoped_lock lock(mutex);
    logged += line;
  };
  start(settings);
  Flood flood(server_->address());
  std::size_t answered = 0;
  while (flood.reset_streams(1000)) {
    const grpc::Status status = infer(request_for("m"));
    ASSERT_TRUE(status.ok()) << status.error_message();
    ++answered;
  }
  EXPECT_GT(answered, 0U);
  EXPECT_TRUE(infer(request_for("m")).ok());
  const std::scoped_lock lock(mutex);
  EXPECT_NE(logged.find("a gRPC connection was cut"), std::string::npos);
  EXPECT_EQ(logged.find("a gRPC connection was cut"), logged.rfind("a gRPC connection was cut"));
  EXPECT_NE(logged.find("ipv4:127.0.0.1:"), std::string::npos);
}

TEST_F(GrpcResetGuardTest, AConnectionThatFailsOftenIsNotCut) {
  Settings settings;
  settings.grpc.max_concurrent_streams = 10;
  settings.grpc.max_resets_per_second = 10;
  bool is_cut = false;
  settings.grpc.log = [&](LogLevel, std::string_view) { is_cut = true; };
  start(settings);
  const auto begin = std::chrono::steady_clock::now();
  // Errors are answers: for longer than the guard needs to see a flood.
  while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(4)) {
    ASSERT_EQ(infer(request_for("nobody")).error_code(), grpc::StatusCode::NOT_FOUND);
  }
  stop();
  EXPECT_FALSE(is_cut);
}

}  // namespace
}  // namespace onda::server
