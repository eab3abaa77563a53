#include "runtime/library.h"

#include <gtest/gtest.h>

#include "onda/runtime.h"
#include "runtime/environment.h"
#include "support/error_matchers.h"
#include "support/paths.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

TEST(LibraryTest, ReadsTheApiNumberOfAVersion) {
  EXPECT_EQ(api_version_of("1.29.0"), 29);
  EXPECT_EQ(api_version_of("1.32.0"), 32);
  EXPECT_EQ(api_version_of("1.8.1"), 8);
  EXPECT_EQ(api_version_of("2.0.0"), std::nullopt);
  EXPECT_EQ(api_version_of(""), std::nullopt);
  EXPECT_EQ(api_version_of("1."), std::nullopt);
}

TEST(LibraryTest, AnExplicitPathIsTheOnlyPlace) {
  const auto places = Library::search_path("/x/libonnxruntime.so");
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places.front(), "/x/libonnxruntime.so");
}

TEST(LibraryTest, SaysWhereItLookedAndWhatToDo) {
  EXPECT_TRUE(test::throws_error([] { return Library::open("/nowhere/libonnxruntime.so"); },
                                 ErrorCode::not_found, "/nowhere/libonnxruntime.so", "--onnxruntime",
                                 "ONDA_ONNXRUNTIME"));
}

TEST(LibraryTest, AFileThatIsNoLibraryIsNamed) {
  const test::TempDirectory directory;
  const auto path = directory.write("libonnxruntime.so", "not a library");
  EXPECT_TRUE(test::throws_error([&] { return Library::open(path); }, ErrorCode::data_loss, path.string()));
}

TEST(LibraryTest, ALibraryWithoutTheEntryPointIsNamed) {
  EXPECT_TRUE(
      test::throws_error([] { return Library::open(test::binary_dir() / "tests" / "libonda_no_runtime.so"); },
                         ErrorCode::data_loss, "libonda_no_runtime.so", "OrtGetApiBase"));
}

TEST(LibraryTest, AnOlderLibraryIsRefusedByNameAndVersionWithoutAskingForItsApi) {
  testing::internal::CaptureStderr();
  EXPECT_TRUE(test::throws_error(
      [] { return Library::open(test::binary_dir() / "tests" / "libonda_old_runtime.so"); },
      ErrorCode::failed_precondition, "libonda_old_runtime.so", "version 1.20.1", "1.29 or newer"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(RuntimeTest, ASecondInitialisationSharesTheFirst) {
  const auto first = test::runtime();
  const auto second = Runtime::initialize();
  EXPECT_EQ(first.environment(), second.environment());
  EXPECT_NO_THROW(static_cast<void>(Runtime::initialize({.library = first.info().library})));
}

TEST(RuntimeTest, AnotherLibraryThanTheOneInUseIsRefused) {
  const auto first = test::runtime();
  EXPECT_TRUE(test::throws_error([] { return Runtime::initialize({.library = "/other/libonnxruntime.so"}); },
                                 ErrorCode::failed_precondition, "/other/libonnxruntime.so",
                                 first.info().library.string()));
}

TEST(RuntimeTest, TellsWhatWasFound) {
  const auto onda = test::runtime();
  EXPECT_GE(api_version_of(onda.info().version), ORT_API_VERSION);
  EXPECT_TRUE(std::filesystem::exists(onda.info().library));
  EXPECT_FALSE(onda.info().build_info.empty());
  EXPECT_TRUE(onda.environment()->has_provider("CPUExecutionProvider"));
  EXPECT_FALSE(onda.environment()->has_provider("NoSuchExecutionProvider"));
  EXPECT_TRUE(onda.info().owns_environment);
  EXPECT_TRUE(onda.info().caveats.empty());
}

}  // namespace
}  // namespace onda::runtime
