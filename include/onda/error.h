#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace onda {

/// Says who must act. Transports translate it in one table; nothing below them knows a status number.
enum class ErrorCode {
  invalid_argument,
  shape_mismatch,
  type_mismatch,
  not_found,
  already_exists,
  unavailable,
  resource_exhausted,
  deadline_exceeded,
  cancelled,
  failed_precondition,
  unimplemented,
  unauthenticated,
  permission_denied,
  data_loss,
  internal,
};

/// The code as it is spelled in the enumeration, for logs and JSON.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// The only exception type that Onda throws on purpose. The message says what was given, what was
/// expected and, where there is one, what to do. It is a single line of valid text.
/// std::bad_alloc passes through unchanged.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

  /// The same error with `context` and ": " in front of its message; the code is kept.
  [[nodiscard]] Error with_context(std::string_view context) const;

 private:
  ErrorCode code_;
};

}  // namespace onda
