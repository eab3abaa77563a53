#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace onda::bench {

struct WrkResult {
  double requests_per_second = 0;
  double requests = 0;
  double p50_us = 0;
  double p99_us = 0;
};

/// wrk, which sends one POST with the same body again and again.
class Wrk {
 public:
  /// `name` tells its files from those of others. Throws std::runtime_error where it is not installed.
  Wrk(const std::string& name, const std::string& path, const std::string& body);

  /// Throws std::runtime_error where an answer is an error. The threads are 1 for one connection, else 2.
  [[nodiscard]] WrkResult run(std::uint16_t port, std::size_t connections, double seconds) const;

  /// How it is called, for people.
  [[nodiscard]] static std::string description(std::size_t connections);

 private:
  std::string program_;
  std::string script_;
};

}  // namespace onda::bench
