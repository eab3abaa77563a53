#pragma once

#include <stdexcept>
#include <string>

namespace onda::cli {

/// The command line is wrong: exit code 2. The message is one line that names the flag or word at fault.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace onda::cli
