#include "bench/serve/grpc_load.h"

#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "bench/harness/child_process.h"
#include "bench/harness/programs.h"
#include "bench/serve/inference_request.h"

namespace onda::bench {

GrpcLoad::GrpcLoad(std::uint16_t port, const std::string& message)
    : port_(port),
      program_(helper_program("grpc_load")),
      message_file_(write_message("grpc.request", message)) {}

std::string GrpcLoad::why_missing() const {
  if (!std::filesystem::exists(program_)) return program_ + " was not built";
  return port_ == 0 ? "onda serve listens on no gRPC port" : "";
}

GrpcLoad::Result GrpcLoad::run(std::size_t outstanding, double seconds,
                               const std::string& answer_file) const {
  return run_against(port_, outstanding, seconds, answer_file);
}

GrpcLoad::Result GrpcLoad::run_against(std::uint16_t port, std::size_t outstanding, double seconds,
                                       const std::string& answer_file) const {
  std::vector<std::string> command = {program_, "127.0.0.1:" + std::to_string(port), message_file_,
                                      std::to_string(outstanding), std::to_string(seconds)};
  if (!answer_file.empty()) command.push_back(answer_file);
  std::istringstream words(run_child(command).output);
  Result result;
  std::size_t failed = 0;
  words >> result.requests_per_second >> result.p50_us >> result.p99_us >> failed;
  if (!words || failed > 0 || result.p50_us <= 0) {
    throw std::runtime_error("gRPC: " + std::to_string(failed) + " requests failed");
  }
  return result;
}

}  // namespace onda::bench
