#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onda::cli {

/// Builds one JSON text, indented by two spaces; arrays opened with `begin_row`, and objects
/// opened with `begin_object_row`, stay on one line. The caller
/// balances begin and end, and gives a key before each value of an object. Numbers that JSON lacks are
/// written as NaN, Infinity and -Infinity, as Python writes and reads them.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& begin_object_row();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& begin_row();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(double number);
  JsonWriter& value(float number);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& null();
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// The text so far, with a newline at its end.
  [[nodiscard]] std::string finish();

 private:
  void separate();
  void open(char bracket, bool in_row);
  void close(char bracket);
  void new_line();

  struct Level {
    bool in_row = false;
    bool is_empty = true;
  };
  std::string text_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

/// `text` in quotes, escaped; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
void append_json_number(std::string& out, double number);
void append_json_number(std::string& out, float number);

}  // namespace onda::cli
