#include "bench/serve/wrk.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "bench/harness/child_process.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/program.h"

namespace onda::bench {
namespace {

constexpr const char* kMark = "onda-result";

std::string script(const std::string& path, const std::string& body_file) {
  return fmt::format(
      "wrk.method = \"POST\"\n"
      "wrk.path = \"{}\"\n"
      "wrk.headers[\"Content-Type\"] = \"application/json\"\n"
      "local file = assert(io.open(\"{}\", \"rb\"))\n"
      "wrk.body = file:read(\"*a\")\n"
      "file:close()\n"
      "function done(summary, latency, requests)\n"
      "  local errors = summary.errors\n"
      "  io.write(string.format(\"{} %d %d %d %d %d\\n\", summary.requests, summary.duration,\n"
      "    errors.status + errors.connect + errors.read + errors.write + errors.timeout,\n"
      "    latency:percentile(50), latency:percentile(99)))\n"
      "end\n",
      path, body_file, kMark);
}

std::string threads_of(std::size_t connections) { return connections == 1 ? "1" : "2"; }

}  // namespace

Wrk::Wrk(const std::string& name, const std::string& path, const std::string& body)
    : program_(find_program("wrk")),
      script_(write_message(name + ".lua", script(path, write_message(name + ".body", body)))) {
  if (program_.empty()) throw std::runtime_error("wrk is not installed (tools/setup.sh bench)");
}

WrkResult Wrk::run(std::uint16_t port, std::size_t connections, double seconds) const {
  // It takes no others.
  const int whole_seconds = std::max(1, static_cast<int>(seconds));
  const std::string output =
      run_child({program_, "-t" + threads_of(connections), "-c" + std::to_string(connections),
                 "-d" + std::to_string(whole_seconds) + "s", "-s", script_,
                 "http://127.0.0.1:" + std::to_string(port)})
          .output;
  const auto mark = output.find(kMark);
  if (mark == std::string::npos) throw std::runtime_error("wrk printed no result:\n" + output);
  std::istringstream words(output.substr(mark + std::string(kMark).size()));
  double micros = 0;
  double errors = 0;
  WrkResult result;
  words >> result.requests >> micros >> errors >> result.p50_us >> result.p99_us;
  if (!words || result.requests == 0 || errors > 0) throw std::runtime_error("wrk met errors:\n" + output);
  result.requests_per_second = result.requests / (micros * 1e-6);
  return result;
}

std::string Wrk::description(std::size_t connections) {
  return "wrk -t" + threads_of(connections) + " -c" + std::to_string(connections);
}

}  // namespace onda::bench
