#include "protocol/json_tensor_reader.h"

#include <cstring>
#include <string>

#include "onda/error.h"
#include "protocol/json_number.h"
#include "protocol/tensor_size.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

/// ONNX's booleans: one byte, 0 or 1.
struct Boolean {
  std::uint8_t byte;
};

const char* read_common_element(const char*, Boolean&) noexcept { return nullptr; }
template <class Number>
const char* read_common_element(const char* at, Number& value) noexcept {
  return read_common_number(at, value);
}

template <class Number>
NumberEnd read_element(const char* at, const char* end, Number& value) noexcept {
  return read_json_number(at, end, value);
}
NumberEnd read_element(const char* at, const char* end, Boolean& value) noexcept {
  const std::string_view rest(at, end);
  if (rest.starts_with("true")) {
    value.byte = 1;
    return {at + 4, NumberProblem::none};
  }
  if (rest.starts_with("false")) {
    value.byte = 0;
    return {at + 5, NumberProblem::none};
  }
  return {at, NumberProblem::not_a_number};
}

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Walks the nested arrays of `data` and hands its leaves to `Sink` in order.
class LeafReader {
 public:
  LeafReader(JsonCursor& cursor, const JsonTensor& tensor, std::size_t count)
      : cursor_(cursor), tensor_(tensor), count_(count) {}

  /// The outermost array; once, before the elements are read.
  void open() {
    if (cursor_.peek() != '[') cursor_.refuse("'data' of input " + name() + " must be an array");
    cursor_.open('[', "'data'");
  }

  /// Fixed-size elements, to `into`, which has room for all.
  template <class Element>
  void read_into(std::byte* into) {
    const auto one = [&](const char* at, const char* end, std::size_t index) {
      Element element{};
      const NumberEnd read = read_element(at, end, element);
      if (read.problem != NumberProblem::none) refuse_element(index, read.problem);
      std::memcpy(into + index * sizeof(Element), &element, sizeof(Element));
      return read.at;
    };
    const auto run = [&](const char* at, const char* end, std::size_t& found) {
      return read_run<Element>(at, end, found, into);
    };
    read(one, run);
  }

  void read_strings(std::span<std::string> into) {
    const auto one = [&](const char* at, const char*, std::size_t index) {
      cursor_.set_position(at);
      if (*at != '"') refuse_element(index, NumberProblem::not_a_number);
      cursor_.read_string_into(into[index], "an element of 'data'");
      return cursor_.position();
    };
    read(one, [](const char* at, const char*, std::size_t&) { return at; });
  }

  /// `found` is how many elements there are. The texts are those that clients of two versions look for.
  [[noreturn]] void refuse_count(const std::string& found) const {
    throw Error(
        ErrorCode::invalid_argument,
        "Unable to parse 'data': Shape does not match true shape of 'data' field (Failed to parse 'data' "
        "field: shape does not match true shape): input " +
            name() + " has shape " + dims_text(tensor_.shape) + ", which is " + std::to_string(count_) +
            " elements, its 'data' has " + found);
  }

 private:
  /// `one(at, end, index)` reads the element at `at`, which is before `end`, and says where it ends. `run(at,
  /// end, found)` may read elements that have a comma right behind them, counts them, and says where it
  /// stopped: before a value.
  template <class One, class Run>
  void read(One one, Run run) {
    const char* const end = cursor_.end();
    const char* at = cursor_.position();
    std::size_t found = 0;
    unsigned depth = 1;
    bool may_close = true;  // behind '[' alone an array may end without a value
    for (;;) {
      at = past_space(at, end);
      if (*at == '[') {
        if (depth == JsonCursor::kMaxDepth) refuse_depth(at);
        ++depth;
        ++at;
        may_close = true;
        continue;
      }
      if (*at != ']' || !may_close) {
        if (found == count_) refuse_count("more");
        at = one(at, end, found++);
      }
      // Behind a value, or at the end of an empty array: to the next value.
      for (;;) {
        at = past_space(at, end);
        const char c = *at++;
        if (c == ',') {
          at = run(at, end, found);
          break;
        }
        if (c != ']') refuse_separator(at - 1);
        if (--depth > 0) continue;
        if (found != count_) refuse_count(std::to_string(found));
        cursor_.set_position(at);
        return;
      }
      may_close = false;
    }
  }

  /// The way of almost all elements.
  template <class Element>
  const char* read_run(const char* at, const char* end, std::size_t& found, std::byte* into) {
    constexpr std::ptrdiff_t kAhead = 32;
    std::size_t index = found;
    while (index < count_ && end - at > kAhead) {
      if (*at == ' ') ++at;  // as Python writes it
      Element element{};
      const char* behind = read_common_element(at, element);
      if (behind == nullptr) {
        const NumberEnd read = read_element(at, end, element);
        if (read.problem != NumberProblem::none) break;
        behind = read.at;
      }
      if (*behind != ',') break;
      std::memcpy(into + index * sizeof(Element), &element, sizeof(Element));
      ++index;
      at = behind + 1;
    }
    found = index;
    return at;
  }

  /// The next byte that is no space, which is before `end`.
  const char* past_space(const char* at, const char* end) {
    while (at < end && is_space(*at)) ++at;
    if (at >= end) [[unlikely]] {
      cursor_.set_position(end);
      cursor_.refuse("'data' of input " + name() + " does not end");
    }
    return at;
  }

  [[nodiscard]] std::string name() const { return quoted_name(tensor_.input); }

  [[noreturn]] void refuse_depth(const char* at) {
    cursor_.set_position(at);
    cursor_.refuse("input " + name() + ": JSON nesting depth exceeds maximum allowed limit (" +
                   std::to_string(JsonCursor::kMaxDepth) + ")");
  }

  [[noreturn]] void refuse_separator(const char* at) {
    cursor_.set_position(at);
    cursor_.refuse("expected ',' or ']' in 'data' of input " + name());
  }

  [[noreturn]] void refuse_element(std::size_t index, NumberProblem problem) {
    const std::string datatype(serving::datatype_name(tensor_.dtype));
    std::string why = "is no " + datatype + ": expected " + std::string(expectation());
    if (problem == NumberProblem::not_an_integer) why = "is no integer literal, as " + datatype + " needs";
    if (problem == NumberProblem::out_of_range) why = "does not fit into " + datatype;
    throw Error(ErrorCode::invalid_argument, "Unable to parse 'data': element " + std::to_string(index) +
                                                 " of input " + name() + ' ' + why);
  }

  [[nodiscard]] std::string_view expectation() const noexcept {
    switch (tensor_.dtype) {
      case DType::boolean:
        return "true or false";
      case DType::string:
        return "a string";
      case DType::float32:
      case DType::float64:
        return "a number";
      default:
        return "an integer";
    }
  }

  JsonCursor& cursor_;
  const JsonTensor& tensor_;
  const std::size_t count_;
};

void read_elements(LeafReader& reader, DType dtype, std::byte* into) {
  switch (dtype) {
    case DType::boolean:
      return reader.read_into<Boolean>(into);
    case DType::uint8:
      return reader.read_into<std::uint8_t>(into);
    case DType::uint16:
      return reader.read_into<std::uint16_t>(into);
    case DType::uint32:
      return reader.read_into<std::uint32_t>(into);
    case DType::uint64:
      return reader.read_into<std::uint64_t>(into);
    case DType::int8:
      return reader.read_into<std::int8_t>(into);
    case DType::int16:
      return reader.read_into<std::int16_t>(into);
    case DType::int32:
      return reader.read_into<std::int32_t>(into);
    case DType::int64:
      return reader.read_into<std::int64_t>(into);
    case DType::float64:
      return reader.read_into<double>(into);
    default:
      return reader.read_into<float>(into);
  }
}

}  // namespace

TensorView read_json_tensor(JsonCursor& cursor, const JsonTensor& tensor, DecodedStorage& storage) {
  const std::string_view datatype = serving::datatype_name(tensor.dtype);
  const bool is_half = tensor.dtype == DType::float16 || tensor.dtype == DType::bfloat16;
  if (is_half || datatype.empty()) {
    throw Error(ErrorCode::invalid_argument, "receiving " + std::string(datatype) +
                                                 " data via JSON is not supported: send input " +
                                                 quoted_name(tensor.input) + " as a binary tensor");
  }
  const std::size_t count = element_count_of(tensor.input, tensor.shape);
  LeafReader reader(cursor, tensor, count);
  reader.open();
  // A number takes two bytes and a string three, the separator included: the text bounds what a shape may
  // claim.
  const auto rest = static_cast<std::size_t>(cursor.end() - cursor.position());
  if (count > rest / (tensor.dtype == DType::string ? 3 : 2)) reader.refuse_count("fewer");
  if (tensor.dtype == DType::string) {
    const auto strings = storage.allocate_strings(count);
    reader.read_strings(strings);
    return {tensor.shape, strings};
  }
  const auto into = storage.allocate(byte_size_of(tensor.input, tensor.dtype, count));
  read_elements(reader, tensor.dtype, into.data());
  return {tensor.dtype, tensor.shape, into};
}

}  // namespace onda::protocol
