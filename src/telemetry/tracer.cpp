#include "telemetry/tracer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/errno_error.h"
#include "base/utf8.h"

namespace onda::telemetry {
namespace {

/// The client's word: bounded, so that the line is.
constexpr std::size_t kLongestText = 512;

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 0xFU];
}

/// A JSON string; bytes that are no UTF-8 become U+FFFD.
void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = base::utf8_sequence_length(text, at);
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (at + step > kLongestText) break;
    const char first = text[at];
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += first;
    } else if (static_cast<unsigned char>(first) < 0x20) {
      append_escaped(out, static_cast<unsigned char>(first));
    } else {
      out += text.substr(at, length);
    }
    at += step;
  }
  out += '"';
}

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

struct Stage {
  std::string_view name;
  TraceTimes::Time TraceTimes::*time;
};

constexpr std::array kStages = {
    Stage{"REQUEST_START", &TraceTimes::request_start},
    Stage{"QUEUE_START", &TraceTimes::queue_start},
    Stage{"COMPUTE_START", &TraceTimes::compute_start},
    Stage{"COMPUTE_INPUT_END", &TraceTimes::compute_input_end},
    Stage{"COMPUTE_OUTPUT_START", &TraceTimes::compute_output_start},
    Stage{"COMPUTE_END", &TraceTimes::compute_end},
    Stage{"REQUEST_END", &TraceTimes::request_end},
};

void append_times(std::string& out, const TraceTimes& times) {
  bool is_first = true;
  for (const Stage& stage : kStages) {
    const TraceTimes::Time time = times.*stage.time;
    if (time == TraceTimes::Time{}) continue;
    out.append(is_first ? "{\"name\":\"" : ",{\"name\":\"").append(stage.name).append("\",\"ns\":");
    append_number(out, std::chrono::nanoseconds(time.time_since_epoch()).count());
    out += '}';
    is_first = false;
  }
}

}  // namespace

Tracer::Tracer(const std::optional<std::filesystem::path>& trace_file, LogSink log) : log_(std::move(log)) {
  if (trace_file) file_.emplace(*trace_file);
}

std::string Tracer::line_of(const RequestTrace& trace) {
  std::string line;
  line.reserve(768);
  line += "{\"id\":";
  append_number(line, last_id_.fetch_add(1, std::memory_order_relaxed) + 1);
  line += ",\"model_name\":";
  append_text(line, trace.model_name);
  line += ",\"model_version\":";
  append_number(line, trace.model_version);
  line += ",\"request_id\":";
  append_text(line, trace.request_id);
  line += ",\"timestamps\":[";
  append_times(line, trace.times);
  line += "]}";
  return line;
}

void Tracer::fail(std::string_view reason) noexcept {
  errors_.add();
  if (has_logged_.exchange(true, std::memory_order_relaxed) || !log_) return;
  try {
    std::string text = "traces are lost: ";
    log_(LogLevel::error, text.append(reason).append("; this is said once"));
  } catch (const std::exception&) {
    // Without memory for the text, the count has to do.
  }
}

void Tracer::write(const RequestTrace& trace) noexcept {
  if (!file_) return;
  try {
    if (const std::error_code error = file_->append_line(line_of(trace))) {
      fail(base::errno_error(error.value(), "write to", file_->path()).what());
      return;
    }
    lines_.add();
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

}  // namespace onda::telemetry
