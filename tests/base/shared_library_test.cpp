#include "base/shared_library.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"
#include "support/run_process.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

using test::TempDirectory;
using test::throws_error;

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
  EXPECT_TRUE(throws_error([] { SharedLibrary("libno_such_library.so"); }, ErrorCode::not_found,
                           "cannot load \"libno_such_library.so\": cannot open"));
  EXPECT_TRUE(
      throws_error([&] { SharedLibrary(directory / "none.so"); }, ErrorCode::not_found, "No such file"));
  EXPECT_TRUE(throws_error([] { SharedLibrary(""); }, ErrorCode::not_found, "empty"));
  EXPECT_TRUE(throws_error([&] { SharedLibrary(directory.write("text.so", std::string(1000, 'x'))); },
                           ErrorCode::data_loss, "invalid ELF header"));
  EXPECT_TRUE(throws_error([&] { SharedLibrary(directory.write("empty.so", "")); }, ErrorCode::data_loss,
                           "file too short"));
}

TEST(ProgramFile, IsThisProgram) { EXPECT_EQ(program_file(), test::this_program()); }

}  // namespace
}  // namespace onda::base
