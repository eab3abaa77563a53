// The tiny model over gRPC, beside servers that answer the same bytes and look at nothing.

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>

#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "bench/serve/grpc_load.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

constexpr std::size_t kOutstanding = 8;

struct EchoStyle {
  std::string name;
  std::string threads;
};
// The asynchronous one with one thread and one completion queue: with more of either it halves.
const std::vector<EchoStyle> kStyles = {{"sync", "0"}, {"async", "1"}, {"callback", "0"}};

class EchoServer {
 public:
  EchoServer(const EchoStyle& style, const std::string& answer_file)
      : program_("grpc_echo_" + style.name,
                 {helper_program("grpc_echo"), style.name, style.threads, answer_file}) {
    const std::string line = program_.read_line(std::chrono::seconds(10));
    if (!line.starts_with("ready ")) throw std::runtime_error("grpc_echo said \"" + line + '"');
    port_ = static_cast<std::uint16_t>(std::stoul(line.substr(6)));
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  Program program_;
  std::uint16_t port_ = 0;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return percentile(values, 0.5);
}

}  // namespace

void measure_grpc(Bench& bench) {
  const std::string row = "tiny, gRPC raw, 8 in flight";
  ModelRepository models("tiny");
  models.add("tiny", kTinyFile);
  OndaServer onda(models.directory());
  const GrpcLoad load(onda.grpc_port(), tiny_request().grpc());
  if (!load.why_missing().empty()) return bench.report.add_missing(row, "requests/s", load.why_missing());

  // The echo answers what Onda does.
  const std::string answer = (std::filesystem::absolute(output_directory()) / "grpc.answer").string();
  static_cast<void>(load.run(1, 0.5, answer));
  std::vector<std::unique_ptr<EchoServer>> echoes;
  for (const EchoStyle& style : kStyles) echoes.push_back(std::make_unique<EchoServer>(style, answer));

  const double seconds = bench.settings.seconds();
  std::vector<std::function<double()>> sides = {
      [&] { return load.run(kOutstanding, seconds).requests_per_second; }};
  for (const auto& echo : echoes) {
    sides.emplace_back(
        [&] { return load.run_against(echo->port(), kOutstanding, seconds).requests_per_second; });
  }
  const auto measured = bench.alternate(sides);
  std::size_t best = 0;
  std::string how = "one channel, " + std::to_string(seconds) + " s a round; echo servers, requests/s:";
  for (std::size_t i = 0; i < kStyles.size(); ++i) {
    if (median(measured[i + 1]) > median(measured[best + 1])) best = i;
    how += " " + kStyles[i].name + " " + std::to_string(median(measured[i + 1])) + ";";
  }
  bench.report.add(
      ratio_row(row, "requests/s", "gRPC echo, " + kStyles[best].name,
                compare({.ours = measured[0], .reference = measured[best + 1]}), ratio_at_least(0.8)),
      how);
}

}  // namespace onda::bench
