#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace onda::test {

/// A thread of this process, as the system shows it.
struct ThreadOfProcess {
  std::string name;
  unsigned long long blocked_signals = 0;  ///< bit n - 1 stands for signal n

  [[nodiscard]] bool blocks(int signal) const noexcept {
    return ((blocked_signals >> static_cast<unsigned>(signal - 1)) & 1U) != 0;
  }
};

/// The threads of this process with that name, up to 15 characters.
[[nodiscard]] std::vector<ThreadOfProcess> threads_named(std::string_view name);

}  // namespace onda::test
