#include "conformance/english_locale.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "onda/error.h"

namespace onda::test {

EnglishLocale::EnglishLocale() {
  const std::filesystem::path own = "/usr/lib/locale/C.utf8";
  if (!std::filesystem::is_directory(own)) {
    throw Error(ErrorCode::failed_precondition, own.string() + " is missing: the C library's locale C.UTF-8");
  }
  std::filesystem::create_directory_symlink(own, directory_ / "en_US.utf8");
  setenv("LOCPATH", directory_.path().c_str(), 1);
}

}  // namespace onda::test
