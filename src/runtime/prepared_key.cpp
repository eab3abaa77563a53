#include "runtime/prepared_key.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/digest.h"
#include "runtime/prepared_text.h"

namespace onda::runtime {
namespace {

// Raised when the same inputs no longer make the same entry.
constexpr std::string_view kLayout = "onda prepared model 1";

// Ascending. What runs a graph, prints or measures it; everything that is not listed is taken to shape it.
constexpr std::array<std::string_view, 21> kRuntimeOnlyKeys = {
    "session.collect_node_memory_stats_to_file",
    "session.dynamic_block_base",
    "session.enable_cpu_mem_arena",
    "session.enable_mem_pattern",
    "session.enable_profiling",
    "session.force_spinning_stop",
    "session.inter_op.allow_spinning",
    "session.inter_op.spin_backoff_max",
    "session.inter_op.spin_duration_us",
    "session.inter_op_num_threads",
    "session.intra_op.allow_spinning",
    "session.intra_op.spin_backoff_max",
    "session.intra_op.spin_duration_us",
    "session.intra_op_num_threads",
    "session.intra_op_thread_affinities",
    "session.log_id",
    "session.log_severity_level",
    "session.log_verbosity_level",
    "session.record_ep_graph_assignment_info",
    "session.use_env_allocators",
    "session.use_per_session_threads",
};
static_assert(std::is_sorted(kRuntimeOnlyKeys.begin(), kRuntimeOnlyKeys.end()));

class Material {
 public:
  Material& add(std::string_view what, std::string_view value) {
    text_.append(what).append(" ").append(to_word(value)).append("\n");
    return *this;
  }
  Material& add(std::string_view what, std::string_view name, std::string_view value) {
    text_.append(what).append(" ").append(to_word(name)).append(" ").append(to_word(value)).append("\n");
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

bool is_runtime_only(std::string_view config_key) noexcept {
  return std::binary_search(kRuntimeOnlyKeys.begin(), kRuntimeOnlyKeys.end(), config_key);
}

PreparedKey prepared_key(const PreparedKeyInputs& inputs) {
  Material material;
  material.add("layout", kLayout);
  for (const IdentifiedFile& file : inputs.files) material.add("file", file.name, file.sha256);
  material.add("runtime", inputs.runtime_version, inputs.runtime_build);
  material.add("architecture", inputs.architecture);
  for (const std::string& feature : inputs.cpu_features) material.add("feature", feature);
  material.add("device", std::to_string(static_cast<int>(inputs.device.kind)),
               std::to_string(inputs.device.index));
  for (const auto& [name, value] : inputs.provider_options) material.add("provider", name, value);
  material.add("optimization", std::to_string(static_cast<int>(inputs.options.graph_optimization)));
  material.add("execution", std::to_string(static_cast<int>(inputs.options.execution_mode)));
  for (const auto& [name, size] : inputs.options.free_dimensions) {
    material.add("dimension", name, std::to_string(size));
  }
  for (const auto& [name, value] : inputs.options.config) {
    if (!is_runtime_only(name)) material.add("config", name, value);
  }
  PreparedKey key;
  key.material = material.take();
  key.name = base::to_hex(base::Sha256().update(key.material).finish());
  return key;
}

}  // namespace onda::runtime
