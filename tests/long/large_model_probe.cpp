// Usage: onda_large_model_probe warm|plain|use|check MODEL CACHE SESSIONS
//
// Started by large_model_test.cpp in a process of its own. `warm` prepares the model; the others open it
// plain, from its prepared form, or that with all weights checked first, as often as said, and run each
// session once. Prints one "name=value" a line.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "onda/prepared_model.h"
#include "onda/session.h"

namespace {

using Clock = std::chrono::steady_clock;

/// A line of one of the kernel's files about this process.
std::uint64_t megabytes(const char* file, const std::string& name) {
  std::ifstream status(file);
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoull(line.substr(name.size())) / 1024;
  }
  throw std::runtime_error(std::string(file) + " has no " + name);
}
std::uint64_t anonymous() { return megabytes("/proc/self/status", "RssAnon:"); }

/// The most memory without a file behind it, by looking now and then.
class AnonymousPeak {
 public:
  AnonymousPeak()
      : thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            peak_ = std::max(peak_.load(), anonymous());
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
        }) {}
  [[nodiscard]] std::uint64_t megabytes() const { return peak_; }

 private:
  std::atomic<std::uint64_t> peak_ = 0;
  std::jthread thread_;
};

std::uint64_t milliseconds_since(Clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count());
}

void print(const char* name, std::uint64_t value) { std::cout << name << "=" << value << "\n"; }

std::string answer(const onda::Session& session) {
  std::vector<std::int64_t> ids(3);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(1 + 997 * i);
  const auto outputs = session.run(onda::TensorView::of<std::int64_t>({3}, ids));
  return onda::base::to_hex(onda::base::Sha256().update(outputs.at(0).tensor.bytes()).finish());
}

void warm(const onda::Runtime& runtime, const char* model, const char* cache) {
  const auto start = Clock::now();
  const auto entry = onda::PreparedModels(cache).warm(runtime, model, {.intra_op_threads = 1});
  print("warm_ms", milliseconds_since(start));
  print("entry_mb", entry.bytes >> 20U);
}

void open(const onda::Runtime& runtime, const std::string& mode, const char* model, const char* cache,
          int count) {
  onda::SessionOptions options{.intra_op_threads = 1};
  if (mode != "plain") {
    options.preparation = onda::Preparation::use;
    options.verification = mode == "check" ? onda::Verification::full : onda::Verification::structure;
    options.cache_directory = cache;
  }
  const auto start = Clock::now();
  std::vector<onda::Session> sessions;
  for (int i = 0; i < count; ++i) {
    sessions.push_back(onda::Session::open(runtime, model, options));
    if (mode != "plain" && sessions.back().prepared() != onda::PreparedState::used)
      throw std::runtime_error("the prepared model was not used");
    if (i != 0) continue;
    print("open_ms", milliseconds_since(start));
    print("loaded_anonymous_mb", anonymous());
    std::cout << "answer=" << answer(sessions.back()) << "\n";
    print("first_answer_ms", milliseconds_since(start));
  }
  for (const auto& session : sessions) std::cout << "answer=" << answer(session) << "\n";
  print("anonymous_mb", anonymous());
  print("pss_mb", megabytes("/proc/self/smaps_rollup", "Pss:"));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5)
      throw std::invalid_argument("usage: onda_large_model_probe warm|plain|use|check MODEL CACHE SESSIONS");
    const std::string mode = argv[1];
    const auto runtime = onda::Runtime::initialize();
    const AnonymousPeak peak;
    if (mode == "warm") {
      warm(runtime, argv[2], argv[3]);
    } else {
      open(runtime, mode, argv[2], argv[3], std::stoi(argv[4]));
    }
    print("peak_anonymous_mb", peak.megabytes());
    print("peak_rss_mb", megabytes("/proc/self/status", "VmHWM:"));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
