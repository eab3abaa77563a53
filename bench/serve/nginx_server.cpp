#include "bench/serve/nginx_server.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "bench/harness/report.h"
#include "bench/serve/loopback.h"

namespace onda::bench {
namespace {

namespace fs = std::filesystem;

std::string configuration(const std::string& directory, std::uint16_t port) {
  const std::string answer(200, 'x');
  return "daemon off;\n"
         "worker_processes 2;\n"
         "pid " +
         directory +
         "/nginx.pid;\n"
         "error_log stderr crit;\n"
         "events { worker_connections 1024; }\n"
         "http {\n"
         "  access_log off;\n"
         "  keepalive_requests 10000000;\n"
         "  client_body_temp_path " +
         directory +
         "/body;\n"
         "  proxy_temp_path " +
         directory +
         "/proxy;\n"
         "  fastcgi_temp_path " +
         directory +
         "/fastcgi;\n"
         "  uwsgi_temp_path " +
         directory +
         "/uwsgi;\n"
         "  scgi_temp_path " +
         directory +
         "/scgi;\n"
         "  server {\n"
         "    listen 127.0.0.1:" +
         std::to_string(port) +
         ";\n"
         "    location / { default_type application/json; return 200 \"" +
         answer +
         "\"; }\n"
         "  }\n"
         "}\n";
}

}  // namespace

NginxServer::NginxServer() : port_(free_port()) {
  const std::string program = find_program("nginx");
  if (program.empty()) throw std::runtime_error("nginx is not installed (tools/setup.sh bench)");
  const fs::path directory = fs::absolute(output_directory()) / "nginx";
  fs::create_directories(directory);
  const fs::path file = directory / "nginx.conf";
  std::ofstream(file) << configuration(directory.string(), port_);
  program_ = std::make_unique<Program>(
      "nginx",
      std::vector<std::string>{program, "-p", directory.string(), "-e", "stderr", "-c", file.string()});
  for (int attempt = 0; !accepts_connections(port_); ++attempt) {
    if (attempt == 200)
      throw std::runtime_error("nginx does not listen; see " +
                               (directory.parent_path() / "nginx.log").string());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace onda::bench
