// Usage: onda_session_probe MODEL CACHE|- SESSIONS
//
// Started by prepared_models_test.cpp in a process of its own, whose memory is that of the sessions alone.
// Opens them from the prepared model in CACHE or ("-") plain, runs each once on zeros, and prints one
// "name=value" a line.
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "onda/session.h"

namespace {

/// Kilobytes of memory of this process that no file stands behind.
std::uint64_t anonymous_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(line.find(':') + 1));
  }
  throw std::runtime_error("/proc/self/status has no RssAnon");
}

/// Mappings of files below the directory.
std::size_t mappings_below(const std::string& directory) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);)
    count += line.find(directory) != std::string::npos ? 1 : 0;
  return count;
}

void run_on_zeros(const onda::Session& session) {
  onda::Shape shape = session.inputs()[0].shape;
  for (auto& dim : shape.dims()) dim = dim < 0 ? 1 : dim;
  const std::vector<float> zeros(shape.element_count());
  static_cast<void>(session.run(onda::TensorView::of<float>(shape, zeros)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4) throw std::invalid_argument("usage: onda_session_probe MODEL CACHE|- SESSIONS");
    const std::string cache = argv[2];
    const auto runtime = onda::Runtime::initialize();
    onda::SessionOptions options{.intra_op_threads = 1};
    if (cache != "-") {
      options.preparation = onda::Preparation::use;
      options.cache_directory = cache;
    }
    const std::uint64_t before = anonymous_kilobytes();
    std::vector<onda::Session> sessions;
    for (int i = 0; i < std::stoi(argv[3]); ++i) {
      sessions.push_back(onda::Session::open(runtime, argv[1], options));
      if (cache != "-" && sessions.back().prepared() != onda::PreparedState::used)
        throw std::runtime_error("the prepared model was not used");
    }
    std::cout << "loaded_kilobytes=" << anonymous_kilobytes() - before << "\n";
    for (const auto& session : sessions) run_on_zeros(session);
    std::cout << "mappings=" << mappings_below(cache + "/") << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
