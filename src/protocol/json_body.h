#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace onda::protocol {

/// The JSON object in the body of a request for anything but inference. Borrows nothing. Values are read by
/// the functions below, which throw invalid_argument for one of another kind.
class JsonBody {
 public:
  enum class Empty { is_an_object, is_refused };

  /// `body` is followed by simdjson's padding. Throws invalid_argument for what is no JSON object, is nested
  /// too deep or has no members where it is empty and may not be.
  JsonBody(std::span<const std::byte> body, Empty empty);

  /// Its members, in order. Empty for an empty body.
  [[nodiscard]] const simdjson::dom::object& members() const noexcept { return object_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::object object_;
};

[[nodiscard]] std::string_view json_string(const simdjson::dom::element& value, std::string_view key);
[[nodiscard]] bool json_bool(const simdjson::dom::element& value, std::string_view key);
[[nodiscard]] std::uint64_t json_unsigned(const simdjson::dom::element& value, std::string_view key);
[[nodiscard]] simdjson::dom::object json_object(const simdjson::dom::element& value, std::string_view key);

}  // namespace onda::protocol
