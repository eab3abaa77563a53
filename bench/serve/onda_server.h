#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/serve/program.h"

namespace onda::bench {

/// `onda serve` on free ports of the loopback, with a cache of the benchmark's own.
class OndaServer {
 public:
  /// Returns when it is ready. Throws std::runtime_error where it does not become so.
  explicit OndaServer(const std::filesystem::path& models, const std::vector<std::string>& flags = {});

  [[nodiscard]] std::uint16_t http_port() const { return http_port_; }
  [[nodiscard]] std::uint16_t grpc_port() const { return grpc_port_; }
  [[nodiscard]] Program& program() { return program_; }

  /// Whether the program has the command at all; why not, else empty.
  [[nodiscard]] static std::string why_missing();

 private:
  Program program_;
  std::uint16_t http_port_ = 0;
  std::uint16_t grpc_port_ = 0;
};

/// "NAME=value" of the cache that the servers use.
[[nodiscard]] std::string server_cache_variable();

/// Prepares a model in that cache, so that no server does it while it is measured.
void warm_server_cache(const std::string& file);

}  // namespace onda::bench
