#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "onda/error.h"
#include "serving/config_writer.h"
#include "serving/model_config_reader.h"
#include "serving/network_config.h"

namespace {

/// What was read must come back from what is written of it.
void require_same(const onda::serving::ReadConfig& read) {
  const std::string json = onda::serving::config_json(read.config);
  onda::serving::ConfigReadOptions options;
  options.allow_custom_ops = true;
  if (onda::serving::config_json(onda::serving::read_config_json(json, options).config) != json) std::abort();
}

template <class Read>
void try_to(Read&& read) {
  onda::serving::ReadConfig config;
  try {
    config = read();
  } catch (const onda::Error&) {
    return;
  }
  try {
    (void)onda::serving::execution_settings_of(config.config, {});
  } catch (const onda::Error&) {
    // A parameter's value is refused on its own.
  }
  require_same(config);
}

}  // namespace

/// The first byte chooses the form: text, JSON, or JSON as a client sends it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  onda::serving::ConfigReadOptions options;
  options.allow_custom_ops = true;
  switch (data[0] % 3) {
    case 0:
      try_to([&] { return onda::serving::read_config_text(text, options); });
      break;
    case 1:
      try_to([&] { return onda::serving::read_config_json(text, options); });
      break;
    default:
      try_to([&] { return onda::serving::read_network_config(text, "model"); });
  }
  return 0;
}
