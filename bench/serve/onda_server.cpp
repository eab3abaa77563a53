#include "bench/serve/onda_server.h"

#include <sstream>
#include <stdexcept>

#include "bench/harness/child_process.h"
#include "bench/harness/model_inputs.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"

namespace onda::bench {
namespace {

std::vector<std::string> command(const std::filesystem::path& models, const std::vector<std::string>& flags) {
  std::vector<std::string> words = {onda_program(),   "serve", "--models",    models.string(),
                                    "--http-port",    "0",     "--grpc-port", "0",
                                    "--metrics-port", "0"};
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

/// Of "http=127.0.0.1:8000"; 0 where there is none.
std::uint16_t port_of(const std::string& line, const std::string& what) {
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (!word.starts_with(what + "=")) continue;
    const auto colon = word.rfind(':');
    if (colon == std::string::npos) return 0;
    return static_cast<std::uint16_t>(std::stoul(word.substr(colon + 1)));
  }
  return 0;
}

}  // namespace

OndaServer::OndaServer(const std::filesystem::path& models, const std::vector<std::string>& flags)
    : program_("onda_serve", command(models, flags), {server_cache_variable()}) {
  const std::string line = program_.read_line(std::chrono::seconds(60));
  http_port_ = port_of(line, "http");
  grpc_port_ = line.find("grpc=off") == std::string::npos ? port_of(line, "grpc") : 0;
  if (!line.starts_with("ready ") || http_port_ == 0) {
    throw std::runtime_error("onda serve said \"" + line + "\" instead of ready http=ADDR:PORT ...");
  }
}

std::string OndaServer::why_missing() {
  try {
    static_cast<void>(run_child({onda_program(), "serve", "--help"}));
    return {};
  } catch (const std::exception& error) {
    return std::string("onda serve is not there: ") + error.what();
  }
}

std::string server_cache_variable() {
  return "ONDA_CACHE_DIR=" + (std::filesystem::absolute(output_directory()) / "server-cache").string();
}

void warm_server_cache(const std::string& file) {
  static_cast<void>(
      run_child({onda_program(), "cache", "warm", model_file(file).string()}, {server_cache_variable()}));
}

}  // namespace onda::bench
