#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <map>

#include "cli/flag_values.h"
#include "cli/usage_error.h"
#include "onda/error.h"
#include "support/temp_directory.h"

namespace onda::cli {
namespace {

/// A command with one flag of each kind.
struct Probe {
  std::string threads;
  std::string mode = "auto";
  bool as_json = false;
  std::vector<std::string> inputs;
  std::vector<std::string> words;
  std::map<std::string, std::string> environment;
  CommandLine line{{"probe", "MODEL [FLAGS]", "Probes.", "", {{"onda probe m.onnx", "Probes m.onnx."}}}};

  Probe() {
    line.words("MODEL", 1, 2, words);
    line.group("Input");
    line.option({"threads", "N", "How many."},
                [this](const std::string& value) { threads = std::to_string(read_integer(value, 1)); });
    line.option({"timeout,deadline", "TIME", "When to stop."}, timeout);
    line.choice({"softmax", "auto|on|off", "Whether."}, {"auto", "on", "off"}, mode);
    line.flag({"json", "", "JSON."}, as_json);
    line.list({"input", "FILE", "What to read."},
              [this](const std::string& value) { inputs.push_back(value); });
  }

  CommandLine::Parsed parse(const std::vector<std::string>& arguments) {
    return line.parse(arguments, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    });
  }
  std::string refusal(const std::vector<std::string>& arguments) {
    try {
      (void)parse(arguments);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }

  std::string timeout;
};

TEST(CommandLine, ReadsFlagsAndWordsInAnyOrder) {
  Probe probe;
  EXPECT_EQ(probe.parse({"--threads", "2", "m.onnx", "--json", "--input=a", "--input", "b", "more"}),
            CommandLine::Parsed::run);
  EXPECT_EQ(probe.threads, "2");
  EXPECT_TRUE(probe.as_json);
  EXPECT_EQ(probe.inputs, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(probe.words, (std::vector<std::string>{"m.onnx", "more"}));
}

TEST(CommandLine, TakesASecondNameAndTheLastValue) {
  Probe probe;
  (void)probe.parse({"m", "--timeout", "1s", "--deadline", "2s"});
  EXPECT_EQ(probe.timeout, "2s");
}

TEST(CommandLine, TakesADashAndANegativeNumberAsValues) {
  Probe probe;
  (void)probe.parse({"-", "--input", "-", "--timeout", "-1"});
  EXPECT_EQ(probe.inputs, std::vector<std::string>{"-"});
  EXPECT_EQ(probe.timeout, "-1");
  EXPECT_EQ(probe.words, std::vector<std::string>{"-"});
}

TEST(CommandLine, KeepsBracketsInAValue) {
  Probe probe;
  (void)probe.parse({"m", "--input", "[1,2]"});
  EXPECT_EQ(probe.inputs, std::vector<std::string>{"[1,2]"});
}

TEST(CommandLine, TakesWhatStandsBehindTwoDashesAsWords) {
  Probe probe;
  (void)probe.parse({"m", "--", "--json"});
  EXPECT_FALSE(probe.as_json);
  EXPECT_EQ(probe.words, (std::vector<std::string>{"m", "--json"}));
}

TEST(CommandLine, SuggestsTheFlagThatWasMeant) {
  Probe probe;
  EXPECT_EQ(probe.refusal({"m", "--treads", "2"}),
            "unknown flag --treads; did you mean --threads? (onda probe --help lists the flags)");
  EXPECT_EQ(probe.refusal({"m", "--treads=2"}),
            "unknown flag --treads; did you mean --threads? (onda probe --help lists the flags)");
  EXPECT_EQ(probe.refusal({"m", "-x"}), "unknown flag -x (onda probe --help lists the flags)");
}

TEST(CommandLine, NamesTheFlagOfABadValue) {
  Probe probe;
  EXPECT_EQ(probe.refusal({"m", "--threads", "two"}),
            "--threads \"two\": expected a whole number of at least 1");
  EXPECT_EQ(probe.refusal({"m", "--softmax", "of"}),
            "--softmax \"of\": expected one of auto, on and off; did you mean off?");
  EXPECT_EQ(probe.refusal({"m", "--json=maybe"}), "--json \"maybe\": expected true or false");
}

TEST(CommandLine, SaysWhichValueIsMissing) {
  Probe probe;
  EXPECT_EQ(probe.refusal({"m", "--threads"}), "--threads needs a value (onda probe --help lists the flags)");
}

TEST(CommandLine, CountsWords) {
  Probe probe;
  EXPECT_EQ(probe.refusal({}), "MODEL is missing: usage is onda probe MODEL [FLAGS]");
  EXPECT_EQ(probe.refusal({"a", "b", "c"}), "\"c\" is one word too many: usage is onda probe MODEL [FLAGS]");
}

TEST(CommandLine, ReadsTheEnvironmentWhereNoFlagIsGiven) {
  Probe probe;
  probe.environment = {{"ONDA_THREADS", "3"}, {"ONDA_JSON", "true"}, {"ONDA_TIMEOUT", "9s"}};
  (void)probe.parse({"m", "--timeout", "1s"});
  EXPECT_EQ(probe.threads, "3");
  EXPECT_TRUE(probe.as_json);
  EXPECT_EQ(probe.timeout, "1s");
}

TEST(CommandLine, NamesTheVariableOfABadValue) {
  Probe probe;
  probe.environment = {{"ONDA_THREADS", "x"}};
  EXPECT_EQ(probe.refusal({"m"}), "ONDA_THREADS \"x\": expected a whole number of at least 1");
}

TEST(CommandLine, ReadsTheConfigFileLast) {
  const test::TempDirectory directory;
  const auto file = directory.write("onda.toml",
                                    "threads = 5\ntimeout = \"7s\"\n[probe]\nsoftmax = \"on\"\n"
                                    "input = [\"a\", \"b\"]\n[bench]\nwhatever = 3\n");
  Probe probe;
  probe.environment = {{"ONDA_TIMEOUT", "9s"}};
  (void)probe.parse({"m", "--config", file.string()});
  EXPECT_EQ(probe.threads, "5");
  EXPECT_EQ(probe.timeout, "9s");
  EXPECT_EQ(probe.mode, "on");
  EXPECT_EQ(probe.inputs, (std::vector<std::string>{"a", "b"}));
}

TEST(CommandLine, RefusesNamesInTheConfigFileThatItDoesNotKnow) {
  const test::TempDirectory directory;
  const auto typo = directory.write("typo.toml", "treads = 5\n");
  const auto section = directory.write("section.toml", "[probe]\nwhatever = 5\n");
  Probe probe;
  EXPECT_NE(probe.refusal({"m", "--config", typo.string()}).find("did you mean threads?"), std::string::npos);
  EXPECT_NE(probe.refusal({"m", "--config", section.string()}).find("unknown name whatever"),
            std::string::npos);
  EXPECT_THROW((void)probe.parse({"m", "--config", (directory / "absent.toml").string()}), Error);
}

TEST(CommandLine, HelpShowsEveryFlagAndTheExamples) {
  Probe probe;
  EXPECT_EQ(probe.parse({"--threads", "2", "--help"}), CommandLine::Parsed::help);
  const std::string help = probe.line.help();
  for (const auto* text : {"Usage: onda probe MODEL [FLAGS]", "--threads N", "--timeout, --deadline TIME",
                           "--input FILE", "--config FILE", "--help", "Examples:", "onda probe m.onnx"}) {
    EXPECT_NE(help.find(text), std::string::npos) << text << " is missing in\n" << help;
  }
  std::size_t start = 0;
  while (start < help.size()) {
    const auto end = help.find('\n', start);
    EXPECT_LE(end - start, 100U) << help.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace onda::cli
