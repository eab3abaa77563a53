#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/serve/program.h"

namespace onda::bench {

/// nginx that answers everything with 200 and 200 bytes: two workers, no access log, connections that stay
/// open.
class NginxServer {
 public:
  /// Returns when it accepts connections. Throws std::runtime_error where it is not installed or does not
  /// start.
  NginxServer();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Program& program() { return *program_; }

 private:
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> program_;
};

}  // namespace onda::bench
