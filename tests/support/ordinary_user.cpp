#include "support/ordinary_user.h"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace onda::test {
namespace {
constexpr ::uid_t kNobody = 65534;
}

OrdinaryUser::OrdinaryUser(const std::filesystem::path& directory) : was_root_(::geteuid() == 0) {
  if (!was_root_) return;
  if (::chown(directory.c_str(), kNobody, kNobody) != 0 || ::seteuid(kNobody) != 0) {
    throw std::runtime_error("root cannot act as an ordinary user here");
  }
}

OrdinaryUser::~OrdinaryUser() {
  // The tests that follow would not be what they say.
  if (was_root_ && ::seteuid(0) != 0) std::abort();
}

}  // namespace onda::test
