#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/memory_flags.h"
#include "cli/runtime_flags.h"
#include "serving/model_manager.h"

namespace onda::cli {

/// A listener of `onda serve`.
struct ListenFlags {
  std::string host;
  int port = 0;            ///< 0: a free one
  bool is_enabled = true;  ///< false after `--x-port off` or `--allow-x false`
};

/// What `onda serve` was asked to do.
struct ServeRequest {
  std::vector<std::filesystem::path> repositories;
  serving::ModelControl control = serving::ModelControl::none;
  std::vector<std::string> startup_models;
  std::chrono::seconds poll_interval{15};
  int default_max_batch_size = 64;
  bool default_batching = false;
  bool strict_config = false;
  bool strict_readiness = true;
  bool exit_on_error = false;
  bool allow_custom_ops = false;
  serving::PrepareMode prepare = serving::PrepareMode::background;
  std::chrono::milliseconds load_timeout{300'000};
  std::size_t max_queue_size = 4096;
  unsigned workers = 0;  ///< 0: the cores this process may use

  ListenFlags http{"", 8000, true};
  ListenFlags grpc{"", 8001, true};
  ListenFlags metrics{"", 8002, true};
  std::string http_socket;  ///< a Unix socket beside the port; empty: none
  unsigned io_threads = 0;  ///< 0: chosen from the cores

  std::uint64_t max_inflight_bytes = 0;  ///< 0: a quarter of the memory
  std::size_t max_connections = 1024;
  std::uint64_t max_input_bytes = std::uint64_t{64} << 20;
  std::chrono::nanoseconds idle_timeout = std::chrono::minutes(10);
  std::chrono::nanoseconds exit_timeout = std::chrono::seconds(30);

  bool allow_remote_admin = false;
  bool allow_client_shm = false;

  std::uint32_t log_verbose = 0;
  bool log_info = true;
  bool log_warning = true;
  bool log_error = true;
  std::string log_format = "default";
  std::optional<std::filesystem::path> trace_file;
  std::vector<std::string> trace_settings;  ///< "rate=100"

  std::filesystem::path cache_directory;
  MemoryFlags memory;
  RuntimeFlags runtime;

  /// Reads the command line; `help` is set where that was asked for. Throws UsageError.
  [[nodiscard]] CommandLine::Parsed parse(std::span<const std::string> arguments, std::string& help,
                                          const EnvironmentLookup& environment = process_environment());
};

}  // namespace onda::cli
