#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "onda/error.h"
#include "protocol/bytes_tensor.h"

/// The first byte is the count that the shape says; the rest is the tensor. What is taken apart must come
/// back to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy without a byte to spare: what is read past it is found.
  const std::vector<std::uint8_t> copy(data + 1, data + size);
  const auto raw = std::as_bytes(std::span(copy));
  onda::protocol::DecodedStorage storage;
  try {
    const auto strings =
        onda::protocol::split_bytes_tensor(raw, data[0], {.input = "x", .model = "m"}, storage);
    if (strings.size() != data[0] || onda::protocol::bytes_tensor_size(strings) != raw.size()) std::abort();
    std::vector<std::byte> again(raw.size());
    onda::protocol::join_bytes_tensor(strings, again);
    if (!raw.empty() && std::memcmp(again.data(), raw.data(), raw.size()) != 0) std::abort();
  } catch (const onda::Error&) {
    return 0;
  }
  return 0;
}
