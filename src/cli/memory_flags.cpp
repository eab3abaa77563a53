#include "cli/memory_flags.h"

#include <array>
#include <string>
#include <vector>

#include "base/machine.h"
#include "cli/flag_values.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

MemoryStrategy parse_strategy(const std::string& text) {
  std::vector<std::string> names;
  for (const auto strategy : {MemoryStrategy::recycling, MemoryStrategy::arena, MemoryStrategy::system}) {
    if (text == to_string(strategy)) return strategy;
    names.emplace_back(to_string(strategy));
  }
  throw UsageError('"' + text + "\": expected one of " + listed(names) + did_you_mean(text, names));
}

}  // namespace

void MemoryFlags::add_to(CommandLine& line) {
  line.group("Memory");
  line.option({"memory", "STRATEGY",
               "Where tensors get their memory: recycling (default; keeps to a budget, gives back what is no "
               "longer used), arena (ONNX Runtime's own) or system (the C library's)."},
              [this](const std::string& value) { strategy = parse_strategy(value); });
  line.option(
      {"memory-budget", "SIZE",
       "What tensors may take at most, weights apart: 512M, 2G, or 50% of the memory that this process "
       "may use. A run that needs more fails, and only it. None by default."},
      [this](const std::string& value) {
        budget_bytes = read_size(value, base::inspect_machine().usable_memory_bytes);
      });
}

void MemoryFlags::apply_to(SessionOptions& options) const { options.memory = strategy; }

void MemoryFlags::apply_to(RuntimeOptions& options) const {
  options.memory.budget_bytes = budget_bytes;
  options.register_allocator = strategy == MemoryStrategy::recycling;
}

}  // namespace onda::cli
