#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "onda/log.h"
#include "telemetry/append_file.h"
#include "telemetry/counter.h"

namespace onda::telemetry {

/// When a traced request passed each stage. A stage that it never reached keeps the clock's epoch and is left
/// out of its line.
struct TraceTimes {
  using Time = std::chrono::steady_clock::time_point;
  Time request_start{};
  Time queue_start{};
  Time compute_start{};
  Time compute_input_end{};
  Time compute_output_start{};
  Time compute_end{};
  Time request_end{};
};

/// A request that TraceSampler has chosen. Borrowed for the call.
struct RequestTrace {
  std::string_view model_name{};
  std::int64_t model_version = 0;
  std::string_view request_id{};  ///< the client's; cut after 512 bytes
  TraceTimes times{};
};

/// Appends one JSON object a traced request to the trace file, each on a line of its own, numbered from 1:
///   {"id":1,"model_name":"m","model_version":1,"request_id":"",
///    "timestamps":[{"name":"REQUEST_START","ns":123},…]}
/// Safe from any thread. What cannot be written is lost and counted; the first time is logged.
class Tracer {
 public:
  /// With no path, requests are not written, and that is no error. `log` may be empty.
  /// Throws what AppendFile throws when the file cannot be opened.
  Tracer(const std::optional<std::filesystem::path>& trace_file, LogSink log);

  void write(const RequestTrace& trace) noexcept;

  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_.value(); }
  [[nodiscard]] std::uint64_t errors() const noexcept { return errors_.value(); }

 private:
  [[nodiscard]] std::string line_of(const RequestTrace& trace);
  void fail(std::string_view reason) noexcept;

  std::optional<AppendFile> file_;
  LogSink log_;
  std::atomic<std::uint64_t> last_id_{0};
  std::atomic<bool> has_logged_{false};
  Counter lines_;
  Counter errors_;
};

}  // namespace onda::telemetry
