#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace onda::bench {

/// The program grpc_load, which sends one raw ModelInfer again and again over one channel.
class GrpcLoad {
 public:
  struct Result {
    double requests_per_second = 0;
    double p50_us = 0;
    double p99_us = 0;
  };

  /// Port 0: the server listens on none.
  GrpcLoad(std::uint16_t port, const std::string& message);

  /// Why it cannot be used; empty where it can.
  [[nodiscard]] std::string why_missing() const;

  /// Throws std::runtime_error where a request fails. With `answer_file`, the last answer is written there.
  [[nodiscard]] Result run(std::size_t outstanding, double seconds,
                           const std::string& answer_file = {}) const;
  /// The same against another server.
  [[nodiscard]] Result run_against(std::uint16_t port, std::size_t outstanding, double seconds,
                                   const std::string& answer_file = {}) const;

 private:
  std::uint16_t port_;
  std::string program_;
  std::string message_file_;
};

}  // namespace onda::bench
