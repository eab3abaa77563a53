#include "bench/memory/trace.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace onda::bench {

Trace read_trace(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  Trace trace;
  std::vector<std::size_t> sizes;
  std::vector<bool> live;
  std::size_t live_bytes = 0;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    char kind = 0;
    std::size_t number = 0;
    if (!(words >> kind >> number) || (kind != 'a' && kind != 'f'))
      throw std::runtime_error(file.string() + ": not understood: " + line);
    if (kind == 'a') {
      trace.events.push_back({.is_free = false, .block = sizes.size(), .bytes = number});
      sizes.push_back(number);
      live.push_back(true);
      live_bytes += number;
      trace.live_peak = std::max(trace.live_peak, live_bytes);
      continue;
    }
    if (number >= sizes.size() || !live[number])
      throw std::runtime_error(file.string() + ": frees what is not live: " + line);
    live[number] = false;
    live_bytes -= sizes[number];
    trace.events.push_back({.is_free = true, .block = number, .bytes = 0});
  }
  if (std::ranges::count(live, true) != 0)
    throw std::runtime_error(file.string() + ": blocks are never freed");
  trace.blocks = sizes.size();
  return trace;
}

}  // namespace onda::bench
