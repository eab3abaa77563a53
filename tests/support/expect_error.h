#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "onda/error.h"

namespace onda::test {

/// The Error that `call` throws; empty, with a failure of the test, where it throws none.
template <class Call>
std::optional<Error> error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return std::nullopt;
}

/// `call` throws an Error with this code whose message holds `part`.
template <class Call>
void expect_error(ErrorCode code, std::string_view part, Call&& call) {
  const auto error = error_of(std::forward<Call>(call));
  if (!error) return;
  EXPECT_EQ(to_string(error->code()), to_string(code)) << error->what();
  EXPECT_NE(std::string_view(error->what()).find(part), std::string_view::npos)
      << "message: " << error->what() << "\nexpected in it: " << part;
}

}  // namespace onda::test
