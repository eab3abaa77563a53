#include "serving/configured_executor.h"

#include <utility>

namespace onda::serving {

void ConfiguredExecutor::run(std::span<const NamedView> inputs, Parallelism parallelism,
                             const RunOptions& options, Executed& executed) {
  model_->run(inputs, parallelism, options, executed);
  std::vector<NamedView> chosen;
  chosen.reserve(outputs_.size());
  for (const Output& output : outputs_) {
    const auto& [name, tensor] = executed.outputs[output.index];
    if (!output.reshape.is_needed()) {
      chosen.push_back({name, tensor});
    } else if (tensor.dtype() == DType::string) {
      chosen.push_back({name, {output.reshape.to_client(tensor.shape()), tensor.strings()}});
    } else {
      chosen.push_back({name, {tensor.dtype(), output.reshape.to_client(tensor.shape()), tensor.bytes()}});
    }
  }
  executed.outputs = std::move(chosen);
}

}  // namespace onda::serving
