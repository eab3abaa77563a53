#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "onda/error.h"

namespace onda::test {

/// Runs `action` and succeeds when it throws an `Error` of this code whose message contains every one of
/// `parts`.
template <class Action, class... Parts>
[[nodiscard]] testing::AssertionResult throws_error(Action&& action, ErrorCode code, const Parts&... parts) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (error.code() != code) {
      return testing::AssertionFailure()
             << "expected " << to_string(code) << ", got " << to_string(error.code()) << ": " << message;
    }
    for (const std::string_view part : {std::string_view(), std::string_view(parts)...}) {
      if (message.find(part) == std::string_view::npos) {
        return testing::AssertionFailure() << "the message lacks \"" << part << "\": " << message;
      }
    }
    if (message.find('\n') != std::string_view::npos) {
      return testing::AssertionFailure() << "the message has more than one line: " << message;
    }
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "expected " << to_string(code) << ", nothing was thrown";
}

}  // namespace onda::test
