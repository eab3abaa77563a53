#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "onda/log.h"

namespace onda::server {

/// Cuts connections that open streams to reset them. gRPC 1.51 has no bound for that (CVE-2023-44487), and a
/// stream that is reset at once never becomes a call that the program sees; but gRPC counts streams for its
/// channelz (https://github.com/grpc/proposal/blob/master/A14-channelz.md), of each connection how many were
/// opened and how many were answered to their end. Used by one thread.
class GrpcResetGuard {
 public:
  struct Limits {
    /// Of one connection in a second. Streams that are open count too: more than may be open.
    std::uint64_t lost_streams = 2024;
  };
  GrpcResetGuard(Limits limits, LogSink log);

  /// To be called right after a server was made, of which this is about. Connections over Unix sockets are
  /// not bounded: who can open one may do worse.
  void watch_newest_server();

  /// To be called several times a second. Costs some microseconds while there is no flood. A flood is cut
  /// within three seconds.
  void look() noexcept;

  /// Connections that were cut.
  [[nodiscard]] std::size_t cuts() const noexcept { return cuts_; }

 private:
  using Clock = std::chrono::steady_clock;

  void look_at_connections();
  bool cut(std::string_view figures, std::uint64_t lost);

  const Limits limits_;
  const LogSink log_;
  std::intptr_t server_ = 0;
  Clock::time_point looked_ = Clock::now();
  std::uint64_t lost_calls_ = 0;
  std::unordered_map<std::intptr_t, std::uint64_t> lost_streams_;  // by connection
  std::size_t cuts_ = 0;
};

}  // namespace onda::server
