#include "base/shared_library.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/run_process.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

using test::expect_error;
using test::TempDirectory;

TEST(SharedLibrary, FindsASymbolAndTellsTheFile) {
  const SharedLibrary library("libm.so.6");
  const auto cosine = reinterpret_cast<double (*)(double)>(library.symbol("cos"));
  ASSERT_NE(cosine, nullptr);
  EXPECT_EQ(cosine(0.0), 1.0);
  EXPECT_TRUE(library.file().is_absolute());
  EXPECT_EQ(library.file().filename(), "libm.so.6");
  EXPECT_TRUE(std::filesystem::exists(library.file()));
}

TEST(SharedLibrary, HasNoSymbolThatIsNotThere) {
  EXPECT_EQ(SharedLibrary("libm.so.6").symbol("no_such"), nullptr);
}

TEST(SharedLibrary, OpensAPathAsItIs) {
  const std::filesystem::path file = SharedLibrary("libm.so.6").file();
  EXPECT_EQ(SharedLibrary(file).file(), file);
}

TEST(SharedLibrary, TellsAbsentFromDamaged) {
  const TempDirectory directory;
  expect_error(ErrorCode::not_found, "cannot load \"libno_such_library.so\": cannot open",
               [] { SharedLibrary("libno_such_library.so"); });
  expect_error(ErrorCode::not_found, "No such file", [&] { SharedLibrary(directory / "none.so"); });
  expect_error(ErrorCode::not_found, "empty", [] { SharedLibrary(""); });
  expect_error(ErrorCode::data_loss, "invalid ELF header",
               [&] { SharedLibrary(directory.write("text.so", std::string(1000, 'x'))); });
  expect_error(ErrorCode::data_loss, "file too short",
               [&] { SharedLibrary(directory.write("empty.so", "")); });
}

TEST(ProgramFile, IsThisProgram) { EXPECT_EQ(program_file(), test::this_program()); }

}  // namespace
}  // namespace onda::base
