#include "base/errno_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "base/quoted.h"

namespace onda::base {
namespace {

ErrorCode code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    case EEXIST:
      return ErrorCode::already_exists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return ErrorCode::resource_exhausted;
    case EISDIR:
    case EINVAL:
    case ELOOP:
    case ENAMETOOLONG:
    case ENODEV:
    case ENXIO:
      return ErrorCode::invalid_argument;
    case EIO:
      return ErrorCode::data_loss;
    default:
      return ErrorCode::internal;
  }
}

std::string_view remedy(int number) {
  switch (number) {
    case ENOSPC:
      return "; free space on that file system, or choose another";
    case EDQUOT:
      return "; the user's disk quota is used up";
    case EFBIG:
      return "; raise the limit on file sizes (ulimit -f)";
    case EMFILE:
      return "; raise the limit on open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

Error errno_error(int number, std::string_view action, const std::filesystem::path& path) {
  std::string message = "cannot ";
  message += action;
  message += ' ';
  message += quoted_path(path);
  message += ": ";
  message += std::generic_category().message(number);
  message += remedy(number);
  return {code_of(number), message};
}

}  // namespace onda::base
