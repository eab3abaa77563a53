#include "tensor/npy_header.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "base/quoted.h"
#include "onda/error.h"

namespace onda::tensor {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// NumPy's own limit is 10 000 characters, and it writes fewer than 200 for any plain array.
constexpr std::size_t kMaxHeader = 64U << 10U;
// NumPy leaves room for the first dimension to grow in place.
constexpr std::size_t kGrowthDigits = 21;
constexpr std::size_t kHeaderAlignment = 64;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::data_loss, "not a valid .npy file: " + what);
}

// The dictionary in the header: a Python literal of three known keys.
struct Dictionary {
  std::optional<std::string> descr;
  std::optional<bool> is_fortran_order;
  std::optional<std::vector<std::int64_t>> shape;
};

class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : rest_(text) {}

  Dictionary dictionary() {
    Dictionary result;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !result.descr) {
        if (peek() == '[')
          throw Error(ErrorCode::unimplemented,
                      "an .npy file of structured elements; save its fields as arrays of their own");
        result.descr = string();
      } else if (key == "fortran_order" && !result.is_fortran_order) {
        result.is_fortran_order = boolean();
      } else if (key == "shape" && !result.shape) {
        result.shape = tuple();
      } else {
        refuse("the header has an unexpected key " + base::quoted(key));
      }
      if (!accept(',') && peek() != '}') refuse("the header is malformed");
    }
    if (peek() != '\0') refuse("something follows the header's dictionary");
    return result;
  }

 private:
  // The next character that is no space; NUL at the end.
  char peek() {
    const auto start = rest_.find_first_not_of(" \t\n\r");
    rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
    return rest_.empty() ? '\0' : rest_.front();
  }

  bool accept(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) refuse("the header lacks " + base::quoted(std::string_view(&c, 1)));
  }

  std::string string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') refuse("the header has something else where text should be");
    const auto end = rest_.find(quote, 1);
    if (end == std::string_view::npos) refuse("the header's text has no end");
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool boolean() {
    static_cast<void>(peek());
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {"False", false}}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    refuse("fortran_order is neither True nor False");
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> values;
    expect('(');
    while (!accept(')')) {
      if (values.size() == Shape::kMaxRank)
        refuse("its shape has more than " + std::to_string(Shape::kMaxRank) + " dimensions");
      values.push_back(integer());
      if (!accept(',') && peek() != ')') refuse("its shape is malformed");
    }
    return values;
  }

  std::int64_t integer() {
    static_cast<void>(peek());
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failure != std::errc() || value < 0) refuse("its shape has a dimension that is no size");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    // Python 2 wrote long integers so.
    if (!rest_.empty() && rest_.front() == 'L') rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
};

struct NumberType {
  std::string_view name;
  DType dtype;
};

constexpr NumberType kNumbers[] = {
    {"b1", DType::boolean}, {"?", DType::boolean},    {"i1", DType::int8},        {"i2", DType::int16},
    {"i4", DType::int32},   {"i8", DType::int64},     {"u1", DType::uint8},       {"u2", DType::uint16},
    {"u4", DType::uint32},  {"u8", DType::uint64},    {"f2", DType::float16},     {"f4", DType::float32},
    {"f8", DType::float64}, {"c8", DType::complex64}, {"c16", DType::complex128},
};

[[noreturn]] void refuse_type(std::string_view descr, std::string_view why) {
  throw Error(ErrorCode::unimplemented,
              "an .npy file of type " + base::quoted(descr) + ": " + std::string(why));
}

void set_type(NpyHeader& header, std::string_view descr) {
  std::string_view name = descr;
  if (!name.empty() && std::string_view("<>|=").find(name.front()) != std::string_view::npos) {
    // '=' is the order of the machine that wrote the file; ours is little-endian, as all but a few are.
    header.is_big_endian = name.front() == '>';
    name.remove_prefix(1);
  }
  for (const NumberType& number : kNumbers) {
    if (name != number.name) continue;
    header.dtype = number.dtype;
    header.element_bytes = bits(number.dtype) / 8;
    return;
  }
  if (name.starts_with('O')) refuse_type(descr, "Python objects are stored as pickles, which are not read");
  if (name.starts_with('V')) {
    refuse_type(descr,
                "NumPy has no name for it (bfloat16, 8-bit floats); store it as a .pb TensorProto or raw");
  }
  if (!name.starts_with('U') && !name.starts_with('S')) {
    refuse_type(descr, "expected booleans, integers, floats, complex numbers or text");
  }
  header.kind = name.front() == 'U' ? NpyHeader::Kind::utf32 : NpyHeader::Kind::bytes;
  header.dtype = DType::string;
  const std::string_view digits = name.substr(1);
  std::uint32_t length = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (failure != std::errc() || end != digits.data() + digits.size())
    refuse("its type is " + base::quoted(descr));
  header.element_bytes = std::size_t{length} * (header.kind == NpyHeader::Kind::utf32 ? 4 : 1);
}

// Of the header's text; `at` moves behind it.
std::size_t take_length(std::span<const std::byte> file, unsigned major, std::size_t& at) {
  const std::size_t width = major == 1 ? 2 : 4;
  if (file.size() < at + width) refuse("it is cut short in its header");
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= std::to_integer<std::size_t>(file[at + i]) << (8 * i);
  at += width;
  return length;
}

}  // namespace

NpyHeader read_npy_header(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(kMagic)) refuse("it does not start with NumPy's signature");
  std::size_t at = kMagic.size() + 2;
  if (file.size() < at) refuse("it is cut short in its header");
  const auto major = std::to_integer<unsigned>(file[kMagic.size()]);
  if (major < 1 || major > 3) {
    throw Error(ErrorCode::unimplemented,
                "an .npy file of version " + std::to_string(major) + "; 1 to 3 are known");
  }
  const std::size_t length = take_length(file, major, at);
  if (length > kMaxHeader) {
    throw Error(ErrorCode::resource_exhausted, "an .npy file whose header has " + std::to_string(length) +
                                                   " bytes; at most " + std::to_string(kMaxHeader) +
                                                   " are read");
  }
  if (length > file.size() - at) refuse("it is cut short in its header");
  const Dictionary dictionary = LiteralReader(text.substr(at, length)).dictionary();
  if (!dictionary.descr || !dictionary.is_fortran_order || !dictionary.shape) {
    refuse("the header lacks one of descr, fortran_order and shape");
  }
  NpyHeader header;
  set_type(header, *dictionary.descr);
  header.is_fortran_order = *dictionary.is_fortran_order;
  header.shape = Shape(std::span<const std::int64_t>(*dictionary.shape));
  header.data_offset = at + length;
  return header;
}

std::string npy_header_text(const std::string& descr, const Shape& shape) {
  std::string dims;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    dims += (axis == 0 ? "" : " ") + std::to_string(shape[axis]) + (axis + 1 < shape.rank() ? "," : "");
  }
  if (shape.rank() == 1) dims += ',';
  std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + dims + "), }";
  if (shape.rank() != 0) text.append(kGrowthDigits - std::to_string(shape[0]).size(), ' ');
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  const std::size_t unpadded = header.size() + 2 + text.size() + 1;
  text.append((kHeaderAlignment - unpadded % kHeaderAlignment) % kHeaderAlignment, ' ');
  text += '\n';
  header += static_cast<char>(text.size() & 0xFFU);
  header += static_cast<char>(text.size() >> 8U);
  return header += text;
}

}  // namespace onda::tensor
