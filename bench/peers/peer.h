#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/serve/program.h"

namespace onda::bench {

/// What is posted for one inference.
struct PeerCall {
  std::string path;
  std::string body;
  [[nodiscard]] std::string http() const;
};

/// A server that is compared with the others.
struct Peer {
  std::string name;
  std::string why_missing = {};           ///< empty where it can be started
  std::vector<std::string> command = {};  ///< "{port}" stands for the port
  std::vector<std::string> environment = {};
  std::function<PeerCall(const std::string& model)> call = {};
  /// Called as soon as it listens, for one that has to be told what to serve.
  std::function<void(std::uint16_t port)> prepare = {};
  double disk_bytes = 0;
};

/// Onda and all peers, those that are missing too. They serve tiny and resnet50. Where they are, is said by
/// ONDA_PEER_PYTHON, ONDA_PEER_APP (the folder of FastAPI's program), ONDA_PEER_GO, and by the user with
/// ONDA_BENCH_TRITON and ONDA_BENCH_ONNXRUNTIME_SERVER, paths of programs. ONDA_PEER_…_MISSING says why one
/// is not there.
[[nodiscard]] std::vector<Peer> find_peers();

/// A peer on a port of its own.
class RunningPeer {
 public:
  /// Returns when it has answered for the tiny model. Throws std::runtime_error where it does not.
  explicit RunningPeer(const Peer& peer);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Program& program() { return *program_; }
  /// From the call that started it to its first answer.
  [[nodiscard]] double start_ms() const { return start_ms_; }

 private:
  std::uint16_t port_;
  std::unique_ptr<Program> program_;
  double start_ms_ = 0;
};

}  // namespace onda::bench
