#pragma once

#include <string>
#include <string_view>

namespace onda {

/// Where a model runs. Written "cpu" or "cuda:0" (the index may be left out: 0).
struct Device {
  enum class Kind { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;

  /// Throws invalid_argument and names the choices.
  static Device parse(std::string_view text);
  friend bool operator==(const Device&, const Device&) = default;
};

[[nodiscard]] std::string to_string(const Device& device);

}  // namespace onda
