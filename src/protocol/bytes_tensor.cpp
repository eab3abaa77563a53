#include "protocol/bytes_tensor.h"

#include <cstdint>
#include <cstring>
#include <limits>

#include "onda/error.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {
namespace {

using Length = std::uint32_t;

Length read_length(const std::byte* at) noexcept {
  Length length = 0;
  for (std::size_t i = 0; i < sizeof(length); ++i)
    length |= std::to_integer<Length>(at[i]) << static_cast<unsigned>(8 * i);
  return length;
}

std::byte* write_length(std::byte* at, std::size_t length) noexcept {
  for (std::size_t i = 0; i < sizeof(Length); ++i)
    *at++ = static_cast<std::byte>(length >> static_cast<unsigned>(8 * i));
  return at;
}

[[noreturn]] void refuse(const std::string& why, const RawTensorOf& of) {
  throw Error(ErrorCode::invalid_argument,
              why + " for inference input " + quoted_name(of.input) + " for model " + quoted_name(of.model));
}

[[noreturn]] void refuse_count(std::size_t count, const std::string& found, const RawTensorOf& of) {
  throw Error(ErrorCode::invalid_argument,
              "unexpected number of string elements: expected " + std::to_string(count) +
                  " string elements for inference input " + quoted_name(of.input) + " for model " +
                  quoted_name(of.model) + ", got " + found);
}

}  // namespace

std::span<std::string> split_bytes_tensor(std::span<const std::byte> raw, std::size_t count,
                                          const RawTensorOf& of, DecodedStorage& storage) {
  if (count > raw.size() / sizeof(Length)) refuse_count(count, "fewer", of);
  const auto strings = storage.allocate_strings(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (raw.empty()) refuse_count(count, std::to_string(i), of);
    if (raw.size() < sizeof(Length)) refuse("incomplete string length indicator", of);
    const Length length = read_length(raw.data());
    raw = raw.subspan(sizeof(Length));
    if (length > raw.size()) {
      refuse("incomplete string data: expecting string of length " + std::to_string(length) + " but only " +
                 std::to_string(raw.size()) + " bytes available",
             of);
    }
    strings[i].assign(reinterpret_cast<const char*>(raw.data()), length);
    raw = raw.subspan(length);
  }
  if (!raw.empty()) refuse_count(count, "more", of);
  return strings;
}

std::size_t bytes_tensor_size(std::span<const std::string> strings) {
  std::size_t size = strings.size() * sizeof(Length);
  for (const std::string& text : strings) {
    if (text.size() > std::numeric_limits<Length>::max()) {
      throw Error(ErrorCode::resource_exhausted, "a string of " + std::to_string(text.size()) +
                                                     " bytes is longer than a BYTES tensor can carry");
    }
    size += text.size();
  }
  return size;
}

void join_bytes_tensor(std::span<const std::string> strings, std::span<std::byte> into) noexcept {
  std::byte* at = into.data();
  for (const std::string& text : strings) {
    at = write_length(at, text.size());
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
}

}  // namespace onda::protocol
