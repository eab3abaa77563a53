#include "onda/device.h"

#include <charconv>

#include "onda/error.h"

namespace onda {

Device Device::parse(std::string_view text) {
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  Device device;
  bool good = true;
  if (kind == "cuda") {
    device.kind = Kind::cuda;
  } else {
    good = kind == "cpu";
  }
  if (colon != std::string_view::npos) {
    const auto digits = text.substr(colon + 1);
    const auto end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, device.index);
    good = good && result.ec == std::errc{} && result.ptr == end && device.index >= 0;
    good = good && (device.kind == Kind::cuda || device.index == 0);
  }
  if (!good) {
    throw Error(ErrorCode::invalid_argument,
                "device is \"" + std::string(text) + "\"; expected cpu, cuda or cuda:N (N = 0, 1, …)");
  }
  return device;
}

std::string to_string(const Device& device) {
  return device.kind == Device::Kind::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

}  // namespace onda
