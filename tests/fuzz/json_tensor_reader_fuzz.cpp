#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "onda/error.h"
#include "protocol/json_cursor.h"
#include "protocol/json_tensor_reader.h"

namespace {

using onda::DType;
using simdjson::dom::element;

/// The leaves as simdjson reads them; empty where one is no number of the kind that is wanted.
template <class Number>
bool collect(const element& value, std::vector<Number>& leaves, int depth) {
  simdjson::dom::array items;
  if (value.get(items) == simdjson::SUCCESS) {
    if (depth == 0) return false;
    for (const element item : items) {
      if (!collect(item, leaves, depth - 1)) return false;
    }
    return true;
  }
  Number number{};
  if (value.get(number) != simdjson::SUCCESS) return false;
  leaves.push_back(number);
  return true;
}

/// What simdjson makes of the text, where it is an array of numbers of this kind.
template <class Number>
std::optional<std::vector<Number>> reference(std::string_view json) {
  // Its own: a parser keeps the document that it read.
  thread_local simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_array())
    return std::nullopt;
  std::vector<Number> leaves;
  if (!collect(root, leaves, static_cast<int>(onda::protocol::JsonCursor::kMaxDepth))) return std::nullopt;
  return leaves;
}

/// What Onda makes of it, for a shape of so many elements.
template <class Number>
std::optional<std::vector<Number>> read(const std::string& padded, std::size_t size, std::size_t count) {
  onda::protocol::DecodedStorage storage;
  onda::protocol::JsonCursor cursor(std::string_view(padded).substr(0, size), storage);
  const onda::Shape shape{static_cast<std::int64_t>(count)};
  try {
    const auto tensor = onda::protocol::read_json_tensor(
        cursor, {.input = "x", .dtype = onda::dtype_of<Number>, .shape = shape}, storage);
    cursor.expect_end();
    const auto elements = tensor.template as<Number>();
    return std::vector<Number>(elements.begin(), elements.end());
  } catch (const onda::Error&) {
    return std::nullopt;
  }
}

template <class Number>
void compare(const std::string& padded, std::size_t size) {
  const auto expected = reference<Number>(std::string_view(padded).substr(0, size));
  const auto found = read<Number>(padded, size, expected ? expected->size() : 1);
  if (!expected) return;
  // simdjson takes what we take, but for NaN and Infinity, which it does not.
  if (!found || found->size() != expected->size()) std::abort();
  for (std::size_t i = 0; i < found->size(); ++i) {
    // "-0" is an integer to simdjson, which has no sign then: equal, not alike.
    if ((*found)[i] != (*expected)[i]) std::abort();
  }
}

}  // namespace

/// The text as a tensor of doubles and of 64-bit integers: what simdjson reads we read, to the same value. As
/// the other types: nothing is read past the end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string padded(reinterpret_cast<const char*>(data), size);
  // What follows the text may be anything: here its own last byte, again and again.
  padded.append(onda::protocol::JsonCursor::kPadding, padded.back());
  compare<double>(padded, size);
  compare<std::int64_t>(padded, size);
  compare<std::uint64_t>(padded, size);
  (void)read<float>(padded, size, 3);
  (void)read<std::int8_t>(padded, size, 3);
  for (const DType dtype : {DType::boolean, DType::string}) {
    onda::protocol::DecodedStorage storage;
    onda::protocol::JsonCursor cursor(std::string_view(padded).substr(0, size), storage);
    try {
      (void)onda::protocol::read_json_tensor(cursor, {.input = "x", .dtype = dtype, .shape = onda::Shape{2}},
                                             storage);
    } catch (const onda::Error&) {
      continue;
    }
  }
  return 0;
}
