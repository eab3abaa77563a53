// What a user gets wrong: one clear line, the right exit code, nothing half-written.
#include <gtest/gtest.h>

#include <filesystem>

#include "program.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

namespace fs = std::filesystem;

ProcessOptions with_input(std::string text) {
  ProcessOptions options;
  options.input = std::move(text);
  return options;
}

ProcessResult run_model(const std::string& model) {
  return run_onda({"run", model, "--input", "-"}, with_input("[1]"));
}

TEST(BadModel, IsMissingADirectoryEmptyTruncatedOrCorrupt) {
  const TempDirectory directory;
  const std::string whole = read_text(test_model("tiny.onnx"));
  EXPECT_TRUE(failed_clearly(run_model((directory / "none.onnx").string()), {"none.onnx", "No such file"}));
  EXPECT_TRUE(failed_clearly(run_model(directory.path().string()), {directory.path().string()}));
  EXPECT_TRUE(failed_clearly(run_model(directory.write("empty.onnx", "").string()), {"empty.onnx"}));
  EXPECT_TRUE(failed_clearly(
      run_model(directory.write("cut.onnx", whole.substr(0, whole.size() / 2)).string()), {"cut.onnx"}));
  EXPECT_TRUE(failed_clearly(run_model(directory.write("noise.onnx", std::string(5000, '\xAB')).string()),
                             {"noise.onnx"}));
  EXPECT_TRUE(failed_clearly(run_model(digits("images/7_0017.png")), {"7_0017.png"}));
}

TEST(BadModel, IsToldOnceWhereONNXRuntimeLogsWhatItReturns) {
  const TempDirectory directory;
  // IR version 8, opset 13, and a graph called "g" with nothing in it.
  const std::string empty_graph("\x08\x08\x42\x04\x0a\x00\x10\x0d\x3a\x03\x12\x01g", 13);
  const auto model = directory.write("nothing.onnx", empty_graph).string();
  EXPECT_TRUE(failed_clearly(run_onda({"bench", model}), {"nothing.onnx", "initialization"}));
}

TEST(BadModel, NeverCrashesWhereverItIsCutOrChanged) {
  const TempDirectory directory;
  const std::string whole = read_text(test_model("no_softmax.onnx"));
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    const auto cut = run_model(directory.write("cut.onnx", whole.substr(0, at)).string());
    EXPECT_EQ(cut.exit_code, 1) << at << cut.err;
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    const auto flipped = run_model(directory.write("flipped.onnx", changed).string());
    EXPECT_EQ(flipped.signal, 0) << at << flipped.err;
  }
}

TEST(BadModel, IsRefusedWithONNXRuntimesReason) {
  EXPECT_TRUE(failed_clearly(run_model(test_model("opset_99.onnx")), {"opset_99.onnx", "pset 99"}));
  EXPECT_TRUE(failed_clearly(run_model(test_model("ir_99.onnx")), {"ir_99.onnx", "99"}));
  EXPECT_TRUE(failed_clearly(run_model(test_model("unknown_op.onnx")), {"FooBar"}));
  EXPECT_TRUE(failed_clearly(run_model(test_model("external_missing.onnx")), {"external_missing.bin"}));
  EXPECT_TRUE(failed_clearly(run_model(test_model("external_truncated.onnx")), {"external_truncated"}));
  EXPECT_TRUE(failed_clearly(run_model(test_model("external_escape.onnx")), {"external_escape.onnx"}));
}

TEST(BadInput, IsOfTheWrongNameTypeOrShape) {
  const std::string model = test_model("no_softmax.onnx");
  EXPECT_TRUE(failed_clearly(run_onda({"run", model, "--input", "y=-"}, with_input("[1]")),
                             {"no input \"y\"", "\"x\""}));
  EXPECT_TRUE(failed_clearly(run_onda({"run", model}), {"\"x\" is missing"}));
  EXPECT_TRUE(failed_clearly(run_onda({"run", model, "--input", "-"}, with_input("[[1, 2, 3, 4, 5]]")),
                             {"[1,5]", "[N,4]"}));
  const TempDirectory directory;
  const std::string doubles = (directory / "x.npy").string();
  ASSERT_EQ(run_onda({"run", test_model("identity_float64.onnx"), "--input", "-", "--output", doubles},
                     with_input("[[1, 2, 3, 4]]"))
                .exit_code,
            0);
  EXPECT_TRUE(failed_clearly(run_onda({"run", model, "--input", doubles}), {"float64", "float32", "x.npy"}));
  EXPECT_TRUE(failed_clearly(run_onda({"run", model, "--input", "-"}, with_input("[[\"a\"]]")),
                             {"expected a number"}));
}

TEST(BadInput, IsMissingEmptyOrOfNoKnownForm) {
  const TempDirectory directory;
  const std::string model = test_model("no_softmax.onnx");
  const auto run_with = [&](const fs::path& file) {
    return run_onda({"run", model, "--input", file.string()});
  };
  EXPECT_TRUE(failed_clearly(run_with(directory / "none.npy"), {"none.npy", "No such file"}));
  EXPECT_TRUE(failed_clearly(run_with(directory.path()), {directory.path().string()}));
  EXPECT_TRUE(failed_clearly(run_with(directory.write("empty.npy", "")), {"empty.npy", "empty"}));
  EXPECT_TRUE(failed_clearly(run_with(directory.write("a.gif", "GIF89a....")), {"a.gif", "no image"}));
  EXPECT_TRUE(failed_clearly(run_with(directory.write("cut.npy", "\x93NUMPY\x01")), {"cut.npy"}));
  EXPECT_TRUE(failed_clearly(run_with(directory.write("cut.json", "[[1, 2")), {"cut.json", "JSON"}));
  EXPECT_TRUE(failed_clearly(run_with(directory.write("bad.pb", "\xff\xff")), {"bad.pb"}));
}

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U),
          static_cast<char>(value)};
}

/// A PNG's first chunk, of a grey image of that size, and then nothing useful.
std::string png_header(std::uint32_t width, std::uint32_t height) {
  const std::string ihdr = "IHDR" + big_endian(width) + big_endian(height) + std::string("\x08\0\0\0\0", 5);
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : ihdr) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return "\x89PNG\r\n\x1a\n" + big_endian(13) + ihdr + big_endian(~crc) + big_endian(900) + "IDAT" +
         std::string(900, '\0');
}

TEST(BadImage, IsRefusedBeforeItsPixelsAreAllocated) {
  const TempDirectory directory;
  const auto giant = directory.write("giant.png", png_header(50'000, 50'000)).string();
  // 1 GB of address space is enough for the program and the runtime, but not for 2.5 billion pixels.
  const std::string command = "ulimit -v 1500000; exec \"$0\" \"$@\"";
  const auto result = run_process({"/bin/sh", "-c", command, (binary_dir() / "onda").string(), "run",
                                   digits("digits.onnx"), giant, "--threads", "1"});
  EXPECT_TRUE(failed_clearly(result, {"giant.png", "100000000"}));
}

TEST(BadImage, IsTruncatedOrDamaged) {
  const TempDirectory directory;
  const std::string whole = read_text(digits("images/7_0017.png"));
  const auto run_with = [&](const fs::path& file) {
    return run_onda({"run", digits("digits.onnx"), file.string()});
  };
  for (const std::size_t size : {9UL, 30UL, 60UL, whole.size() - 20}) {
    EXPECT_TRUE(failed_clearly(run_with(directory.write("cut.png", whole.substr(0, size))), {"cut.png"}))
        << size;
  }
  EXPECT_TRUE(failed_clearly(
      run_onda({"run", digits("digits.onnx"), digits("images/7_0017.png"), "--max-pixels", "10"}),
      {"7_0017.png", "10"}));
}

TEST(BadOutput, LeavesNothingBehind) {
  const TempDirectory directory;
  const std::string model = test_model("split.onnx");
  const std::string input = "[1, 2, 3, 4, 5, 6]";
  const auto run_to = [&](const std::string& output) {
    return run_onda({"run", model, "--input", "-", "--output", output}, with_input(input));
  };
  EXPECT_TRUE(failed_clearly(run_to((directory / "absent" / "y.json").string()), {"absent"}));
  EXPECT_TRUE(failed_clearly(run_to((directory / "y").string()), {"--output-format"}, 2));
  EXPECT_TRUE(failed_clearly(run_to("d=" + (directory / "y.npy").string()), {"no output \"d\""}));
  const auto device = run_onda({"run", test_model("no_softmax.onnx"), "--input", "-", "--output", "/dev/full",
                                "--output-format", "npy"},
                               with_input("[1, 2, 3, 4]"));
  EXPECT_TRUE(failed_clearly(device, {"/dev/full"}));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  // A string output cannot be raw: nothing of the run is written, whatever stands before it.
  const auto file = directory.write("old.json", "old");
  const auto strings = run_onda({"run", test_model("identity_string.onnx"), "--input", "-", "--output",
                                 file.string(), "--output", (directory / "y.raw").string()},
                                with_input("[[\"a\", \"b\", \"c\", \"d\"]]"));
  EXPECT_TRUE(failed_clearly(strings, {"raw"}));
  EXPECT_EQ(read_text(file), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST(BadOutput, IsAFullDisk) {
  const std::string command = "exec \"$0\" doctor > /dev/full";
  const auto result = run_process({"/bin/sh", "-c", command, (binary_dir() / "onda").string()});
  EXPECT_TRUE(failed_clearly(result, {"standard output"}));
}

TEST(BadLabels, DoNotFitTheClasses) {
  EXPECT_TRUE(failed_clearly(run_onda({"run", digits("digits.onnx"), digits("images/7_0017.png"), "--labels",
                                       digits("manifest.csv")}),
                             {"labels", "10 classes"}));
}

TEST(TimeLimits, EndALongRun) {
  const TempDirectory directory;
  const auto trips = directory.write("trips.json", "1000000000").string();
  const auto x = directory.write("x.json", "[1, 2, 3, 4]").string();
  const std::vector<std::string> arguments = {
      "run", test_model("slow_loop.onnx"), "--input", "trips=" + trips, "--input", "x=" + x};
  auto limited = arguments;
  limited.insert(limited.end(), {"--timeout", "50ms"});
  EXPECT_TRUE(failed_clearly(run_onda(limited), {"deadline"}));
}

TEST(BadInput, ADeviceWithoutAnEndIsRefusedBeforeItFillsTheMemory) {
  const std::string command = "ulimit -v 1500000; exec \"$0\" \"$@\"";
  const auto result = run_process({"/bin/sh", "-c", command, (binary_dir() / "onda").string(), "run",
                                   test_model("no_softmax.onnx"), "--threads", "1", "--input", "/dev/zero"});
  EXPECT_TRUE(failed_clearly(result, {"/dev/zero", "limit is 384000000 bytes"}));
}

TEST(BadInput, IsJsonThatIsCutOff) {
  EXPECT_TRUE(
      failed_clearly(run_onda({"run", test_model("no_softmax.onnx"), "--input", "-"}, with_input("[1,\n")),
                     {"data[1]: the text ends where an element is expected"}));
}

TEST(BadInput, IsOfATypeThatIsMistyped) {
  EXPECT_TRUE(failed_clearly(
      run_onda({"run", test_model("no_softmax.onnx"), "--input", "x.raw", "--dtype", "flaot32"}),
      {"did you mean float32?"}, 2));
}

TEST(Interrupting, EndsALongRunWith130) {
  const TempDirectory directory;
  const auto trips = directory.write("trips.json", "1000000000").string();
  const auto x = directory.write("x.json", "[1, 2, 3, 4]").string();
  // timeout(1) sends the signal after the program has come to run; where it has not yet, the shell's 130 is
  // the same.
  const auto result =
      run_process({"timeout", "--preserve-status", "--signal=INT", "1.5", (binary_dir() / "onda").string(),
                   "run", test_model("slow_loop.onnx"), "--input", "trips=" + trips, "--input", "x=" + x});
  EXPECT_EQ(result.exit_code, 130) << result.err;
}

TEST(Interrupting, EndsWaitingForStandardInputWith130) {
  const TempDirectory directory;
  // The shell holds the pipe open, so there is neither input nor an end of it.
  const auto result =
      run_process({"sh", "-c", "mkfifo \"$1\"; shift; exec 3<>pipe; exec timeout \"$@\" <&3", "sh", "pipe",
                   "--preserve-status", "--signal=INT", "--kill-after=10", "1.5",
                   (binary_dir() / "onda").string(), "run", digits("digits.onnx"), "--input", "-"},
                  {.working_directory = directory.path()});
  EXPECT_EQ(result.exit_code, 130) << result.err;
}

}  // namespace
}  // namespace onda::test
