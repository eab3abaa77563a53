#include <chrono>
#include <ctime>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/json_writer.h"
#include "cli/quantity.h"
#include "cli/runtime_flags.h"
#include "cli/suggestions.h"
#include "cli/table.h"
#include "cli/usage_error.h"
#include "onda/device.h"
#include "onda/error.h"
#include "onda/prepared_model.h"

namespace onda::cli {
namespace {

struct CacheOptions {
  RuntimeFlags runtime;
  std::vector<std::string> words;
  Device device;
  bool as_json = false;
};

std::string time_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts = {};
  localtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return std::string(text, length);
}

void require_directory(const PreparedModels& cache) {
  if (cache.directory().empty()) {
    throw Error(ErrorCode::not_found,
                "no directory for the cache, because HOME is not set; set ONDA_CACHE_DIR");
  }
}

std::string entries_json(std::span<const PreparedEntry> entries) {
  JsonWriter json;
  json.begin_array();
  for (const auto& entry : entries) {
    const auto used = std::chrono::duration_cast<std::chrono::seconds>(entry.last_used.time_since_epoch());
    json.begin_object().member("key", entry.key).member("model", entry.model.string());
    json.member("onnxruntime", entry.runtime_version).member("bytes", entry.bytes);
    json.member("last_used_unix", static_cast<std::int64_t>(used.count())).end_object();
  }
  return json.end_array().finish();
}

ExitCode warm(const CacheOptions& options) {
  const auto models = std::span(options.words).subspan(1);
  if (models.empty()) throw UsageError("MODEL is missing: usage is onda cache warm MODEL…");
  const Runtime runtime = options.runtime.initialize();
  PreparedModels cache;
  SessionOptions session;
  session.device = options.device;
  session.log_level = options.runtime.log_level;
  std::vector<PreparedEntry> made;
  bool failed = false;
  for (const auto& model : models) {
    try {
      const auto start = std::chrono::steady_clock::now();
      made.push_back(cache.warm(runtime, model, session));
      const auto took = std::chrono::steady_clock::now() - start;
      if (options.as_json) continue;
      print("prepared " + single_line(model) + ": " + bytes_text(made.back().bytes) + " in " +
            duration_text(took) + '\n');
    } catch (const Error& error) {
      // The others are still worth preparing.
      print_error(error.what());
      failed = true;
    }
  }
  if (options.as_json) print(entries_json(made));
  return failed ? ExitCode::failed : ExitCode::done;
}

ExitCode list(const CacheOptions& options) {
  const PreparedModels cache;
  require_directory(cache);
  const auto entries = cache.list();
  if (options.as_json) {
    print(entries_json(entries));
    return ExitCode::done;
  }
  if (entries.empty()) {
    print("no prepared models in " + cache.directory().string() + " (onda cache warm MODEL makes one)\n");
    return ExitCode::done;
  }
  Table table({{"model"}, {"size", Table::Align::right}, {"ONNX Runtime"}, {"last used"}, {"key"}});
  std::uint64_t total = 0;
  for (const auto& entry : entries) {
    table.add({entry.model.string(), bytes_text(entry.bytes), entry.runtime_version,
               time_text(entry.last_used), entry.key.substr(0, 12)});
    total += entry.bytes;
  }
  print(table.text() + bytes_text(total) + " in " + cache.directory().string() + '\n');
  return ExitCode::done;
}

ExitCode clear(const CacheOptions& options) {
  PreparedModels cache;
  require_directory(cache);
  const std::size_t removed = cache.clear();
  if (options.as_json) {
    JsonWriter json;
    print(json.begin_object().member("removed", static_cast<std::uint64_t>(removed)).end_object().finish());
    return ExitCode::done;
  }
  print("removed " + std::to_string(removed) +
        (removed == 1 ? " prepared model from " : " prepared models from ") + cache.directory().string() +
        '\n');
  return ExitCode::done;
}

}  // namespace

ExitCode cache_command(std::span<const std::string> arguments) {
  CacheOptions options;
  CommandLine line(
      {"cache",
       "warm MODEL… | list | clear",
       "Makes, lists and clears prepared models.",
       "A prepared model is the optimised graph, saved once, with weights that are mapped and shared by "
       "all processes. It opens several times faster. onda run and onda bench use one that is there. They "
       "are kept in ONDA_CACHE_DIR, else XDG_CACHE_HOME/onda, else ~/.cache/onda.",
       {{"onda cache warm resnet50.onnx", "Prepare a model; opening it afterwards is fast."},
        {"onda cache list", "What is there, how big, when it was last used."},
        {"onda cache clear", "Remove all of them."}}});
  line.words("what to do (warm, list or clear)", 1, 10'000, options.words);
  line.group("Flags");
  line.option({"device", "DEVICE", "What to prepare for: cpu (default) or cuda:0."},
              [&options](const std::string& value) { options.device = Device::parse(value); });
  line.flag({"json", "", "Print JSON."}, options.as_json);
  options.runtime.add_to(line);
  if (line.parse(arguments) == CommandLine::Parsed::help) {
    print(line.help());
    return ExitCode::done;
  }
  const auto& verb = options.words.front();
  if (verb == "warm") return warm(options);
  if (verb != "list" && verb != "clear") {
    const std::vector<std::string> verbs = {"warm", "list", "clear"};
    throw UsageError("cache: \"" + verb + "\" is not warm, list or clear" + did_you_mean(verb, verbs));
  }
  if (options.words.size() > 1) throw UsageError("cache " + verb + " takes no further words");
  return verb == "list" ? list(options) : clear(options);
}

}  // namespace onda::cli
