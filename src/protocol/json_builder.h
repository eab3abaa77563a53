#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "protocol/json_text.h"

namespace onda::protocol {

/// Writes one JSON text, without spaces. The caller balances begin and end, and gives a key before each value
/// of an object. Text that is no UTF-8 has its broken bytes replaced.
class JsonBuilder {
 public:
  JsonBuilder& begin_object() { return open('{'); }
  JsonBuilder& end_object() { return close('}'); }
  JsonBuilder& begin_array() { return open('['); }
  JsonBuilder& end_array() { return close(']'); }

  JsonBuilder& key(std::string_view name) {
    separate();
    append_json_string(text_, name);
    text_ += ':';
    needs_comma_ = false;
    return *this;
  }

  JsonBuilder& value(std::string_view text) {
    separate();
    append_json_string(text_, text);
    return *this;
  }
  JsonBuilder& value(const char* text) { return value(std::string_view(text)); }
  template <std::integral Number>
  JsonBuilder& value(Number number) {
    separate();
    if constexpr (std::is_same_v<Number, bool>) {
      text_ += number ? "true" : "false";
    } else {
      append_json_number(text_, number);
    }
    return *this;
  }

  template <class T>
  JsonBuilder& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// The text so far, which is taken away.
  [[nodiscard]] std::string finish() { return std::move(text_); }

 private:
  void separate() {
    if (needs_comma_) text_ += ',';
    needs_comma_ = true;
  }
  JsonBuilder& open(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
    return *this;
  }
  JsonBuilder& close(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
    return *this;
  }

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace onda::protocol
