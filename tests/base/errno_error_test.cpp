#include "base/errno_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace onda::base {
namespace {

TEST(ErrnoError, SaysWhatFailedOnWhat) {
  EXPECT_STREQ(errno_error(ENOENT, "open", "x.onnx").what(),
               "cannot open \"x.onnx\": No such file or directory");
}

TEST(ErrnoError, TellsTheRemedyWhereThereIsOne) {
  EXPECT_STREQ(errno_error(EMFILE, "open", "x").what(),
               "cannot open \"x\": Too many open files; raise the limit on open files (ulimit -n)");
}

TEST(ErrnoError, IsOneLineWhateverThePathHolds) {
  EXPECT_STREQ(errno_error(EACCES, "open", "a\nb").what(), "cannot open \"a\\x0ab\": Permission denied");
}

TEST(ErrnoError, MapsNumbersToWhoMustAct) {
  const auto code = [](int number) { return errno_error(number, "open", "x").code(); };
  EXPECT_EQ(code(ENOTDIR), ErrorCode::not_found);
  EXPECT_EQ(code(EROFS), ErrorCode::permission_denied);
  EXPECT_EQ(code(EEXIST), ErrorCode::already_exists);
  EXPECT_EQ(code(ENOSPC), ErrorCode::resource_exhausted);
  EXPECT_EQ(code(EISDIR), ErrorCode::invalid_argument);
  EXPECT_EQ(code(EIO), ErrorCode::data_loss);
  EXPECT_EQ(code(EXDEV), ErrorCode::internal);
}

}  // namespace
}  // namespace onda::base
