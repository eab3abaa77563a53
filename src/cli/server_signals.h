#pragma once

#include <functional>
#include <thread>

namespace onda::cli {

/// Takes SIGINT, SIGTERM and SIGHUP of the process while one lives. To be made before other threads, which
/// inherit that none of these reaches them. At most one at a time.
///
/// The first SIGINT or SIGTERM calls `end`, SIGHUP calls `rescan`, on a thread of its own; a second SIGINT or
/// SIGTERM ends the process at once.
class ServerSignals {
 public:
  struct Calls {
    std::function<void()> end;
    std::function<void()> rescan;
  };
  explicit ServerSignals(Calls calls);
  ServerSignals(const ServerSignals&) = delete;
  ServerSignals& operator=(const ServerSignals&) = delete;
  ~ServerSignals();

 private:
  void serve() noexcept;

  Calls calls_;
  std::thread thread_;
};

}  // namespace onda::cli
