#pragma once

#include <filesystem>

namespace onda::test {

/// While it lives, a test that was started by root acts as a user without its rights, who owns `directory`.
/// The owner of everything can write wherever it likes, so that a read-only directory cannot be tested. Does
/// nothing for any other user. For the whole process: one at a time, no other threads.
class OrdinaryUser {
 public:
  explicit OrdinaryUser(const std::filesystem::path& directory);
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser();

 private:
  bool was_root_;
};

}  // namespace onda::test
