#include "protocol/binary_splitter.h"

#include <string>

#include "onda/error.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {

std::span<const std::byte> BinarySplitter::take(std::uint64_t bytes, std::string_view input) {
  if (bytes > rest_.size()) {
    throw Error(ErrorCode::invalid_argument, "unexpected size for input " + quoted_name(input) +
                                                 ", expecting " + std::to_string(bytes - rest_.size()) +
                                                 " additional bytes for model " + quoted_name(model_));
  }
  const auto taken = rest_.first(bytes);
  rest_ = rest_.subspan(bytes);
  return taken;
}

void BinarySplitter::finish() const {
  if (rest_.empty()) return;
  throw Error(ErrorCode::invalid_argument, "unexpected additional input data for model " +
                                               quoted_name(model_) + ": " + std::to_string(rest_.size()) +
                                               " bytes follow those of the last input");
}

}  // namespace onda::protocol
