#include "protocol/json_body.h"

#include <algorithm>

#include "onda/error.h"
#include "protocol/json_cursor.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {
namespace {

/// simdjson refuses any document for a parser whose bound is smaller than this.
constexpr std::size_t kLeastCapacity = 64;

[[noreturn]] void refuse_kind(std::string_view key, std::string_view expected) {
  throw Error(ErrorCode::invalid_argument,
              "Invalid value for " + quoted_name(key) + ": expected " + std::string(expected));
}

}  // namespace

JsonBody::JsonBody(std::span<const std::byte> body, Empty empty)
    : parser_(std::max(body.size() + 1, kLeastCapacity)) {
  static_assert(JsonCursor::kPadding >= simdjson::SIMDJSON_PADDING);
  constexpr std::string_view kNothing = "{}";
  simdjson::dom::element root;
  simdjson::error_code error = simdjson::SUCCESS;
  if (body.empty() && empty == Empty::is_an_object) {
    error = parser_.parse(kNothing.data(), kNothing.size(), /*realloc_if_needed=*/true).get(root);
  } else {
    error = parser_
                .parse(reinterpret_cast<const char*>(body.data()), body.size(),
                       /*realloc_if_needed=*/body.empty())
                .get(root);
  }
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error != simdjson::SUCCESS) {
    throw Error(ErrorCode::invalid_argument,
                std::string("failed to parse the request JSON buffer: ") + simdjson::error_message(error));
  }
  if (root.get(object_) != simdjson::SUCCESS) {
    throw Error(ErrorCode::invalid_argument, "the request's body must be a JSON object");
  }
}

std::string_view json_string(const simdjson::dom::element& value, std::string_view key) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) refuse_kind(key, "a string");
  return text;
}

bool json_bool(const simdjson::dom::element& value, std::string_view key) {
  bool truth = false;
  if (value.get(truth) != simdjson::SUCCESS) refuse_kind(key, "a boolean");
  return truth;
}

std::uint64_t json_unsigned(const simdjson::dom::element& value, std::string_view key) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS) refuse_kind(key, "a non-negative integer");
  return number;
}

simdjson::dom::object json_object(const simdjson::dom::element& value, std::string_view key) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) refuse_kind(key, "an object");
  return object;
}

}  // namespace onda::protocol
