#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/decoded_inference.h"

namespace onda::protocol {

/// Reads one JSON text from front to back, without making a tree of it. Text that is no JSON is refused where
/// it is met (invalid_argument, with the place); what was read before stays read. Nesting is bounded, and
/// nothing recurses.
///
/// `kPadding` bytes must be readable behind the text, whatever is in them: a text that ends with a number, as
/// no object and no array does, may be refused for them. NaN, Infinity and -Infinity are numbers.
class JsonCursor {
 public:
  static constexpr std::size_t kPadding = 64;
  /// As many objects and arrays may lie in one another.
  static constexpr unsigned kMaxDepth = 100;

  /// Strings with escapes are unescaped into `storage`; all others are views into `text`.
  JsonCursor(std::string_view text, DecodedStorage& storage) noexcept
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), storage_(storage) {}

  /// The first byte of what comes next, '\0' at the end.
  [[nodiscard]] char peek() noexcept {
    skip_space();
    return at_ < end_ ? *at_ : '\0';
  }

  /// Begins an object or array: '{' or '['. Its members or items are taken by `next_member` or `next_item`,
  /// whose last call ends it.
  void open(char bracket, std::string_view what);
  /// Behind `open('{')` and behind each value: the next key, empty at the end of the object. `is_first` is
  /// true for the first call alone, and is set to false. The key is valid until the next one is read.
  [[nodiscard]] std::optional<std::string_view> next_member(bool& is_first);
  /// The same for an array: whether there is another item.
  [[nodiscard]] bool next_item(bool& is_first);

  /// A value of the given kind; `what` names it in the message when it is another: "'id'".
  [[nodiscard]] std::string_view read_string(std::string_view what);
  [[nodiscard]] bool read_bool(std::string_view what);
  [[nodiscard]] std::uint64_t read_unsigned(std::string_view what);
  /// Any value, checked and left.
  void skip_value();

  /// Nothing but spaces may be left.
  void expect_end();

  /// The string that begins here, with the quote, appended to `text`.
  void read_string_into(std::string& text, std::string_view what);

  [[noreturn]] void refuse(std::string_view why) const;

  /// Where it stands, for a reader that goes on by itself and comes back.
  [[nodiscard]] const char* position() const noexcept { return at_; }
  [[nodiscard]] const char* end() const noexcept { return end_; }
  void set_position(const char* at) noexcept { at_ = at; }

 private:
  void skip_space() noexcept {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  void expect(char c, std::string_view what);
  /// From behind the opening quote to the closing one, which is passed; the text between.
  struct RawString {
    std::string_view text;
    bool has_escapes = false;
  };
  [[nodiscard]] RawString raw_string(std::string_view what);
  void unescape(std::string_view raw, std::string& text) const;
  [[nodiscard]] std::uint32_t code_unit(std::string_view raw, std::size_t at) const;
  void skip_scalar();

  const char* begin_;
  const char* at_;
  const char* end_;
  DecodedStorage& storage_;
  std::string key_;  // the last one that had escapes
};

}  // namespace onda::protocol
