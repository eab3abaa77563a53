#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace onda::bench {

/// One request that was answered.
struct Answered {
  int status = 0;         ///< 0 where the server closed the connection instead
  double due_s = 0;       ///< when it was to be sent, from the beginning of the load
  double latency_ms = 0;  ///< from then on, however late it was really sent
};

struct LoadResult {
  std::vector<Answered> answers;
  double seconds = 0;
  /// How many were answered with 200 in that time. Of a request that was under way at its beginning or its
  /// end, that part of it that lies within: few and long ones would otherwise be counted by chance.
  double completed = 0;
  /// Requests a second that were answered with 200.
  [[nodiscard]] double per_second() const;
  /// Of those with that status, ascending.
  [[nodiscard]] std::vector<double> latencies_ms(int status = 200) const;
  /// Throws std::runtime_error where an answer has another status than 200.
  void require_success() const;
};

/// The value that `share` of the ascending values do not exceed; 0 for none.
[[nodiscard]] double percentile(const std::vector<double>& ascending, double share);

/// Sends the same HTTP request again and again over as many connections, on each the next one as soon as the
/// last is answered. What is answered in the first `warm_up_s` is not counted. On the calling thread, as all
/// of these; they throw std::runtime_error where nobody listens any more, or nothing is answered for a
/// minute.
[[nodiscard]] LoadResult run_closed_loop(std::uint16_t port, const std::string& request,
                                         std::size_t connections, double seconds, double warm_up_s = 0);

/// So many requests one after the other on one connection; `seconds` is what all took.
[[nodiscard]] LoadResult run_one_by_one(std::uint16_t port, const std::string& request, std::size_t count);

/// Sends the request at each of these times (seconds, ascending), whatever has been answered by then, on
/// whichever of the connections is free; where none is, it waits, and its latency counts from the time it was
/// due. Ends when all are answered.
[[nodiscard]] LoadResult run_open_loop(std::uint16_t port, const std::string& request,
                                       const std::vector<double>& due_s, std::size_t connections);

/// The body of one answer, which must be 200. For a look at what is measured.
[[nodiscard]] std::string fetch_once(std::uint16_t port, const std::string& request);

}  // namespace onda::bench
