#include "cli/run_request.h"

#include "cli/flag_values.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

CommandText text() {
  return {
      "run",
      "MODEL [FILE…] [FLAGS]",
      "Runs a model once for each input and shows or writes what comes out.",
      "What a FILE holds is told by its content: an image (JPEG, PNG, WebP), .npy, a TensorProto (.pb), "
      "JSON, or "
      "raw elements with --dtype. A FILE of - is standard input.",
      {{"onda run resnet50.onnx --input cat.jpg --preprocess imagenet --labels names.txt --top 5",
        "Classify a photograph."},
       {"onda run digits.onnx images/*.png --labels labels.txt --top 1", "Many images, a line each."},
       {"onda run model.onnx --input ids=ids.npy --input mask=mask.npy --output out/",
        "Several inputs by name; every output to a file out/NAME.npy."},
       {"echo '[[1, 2, 3]]' | onda run model.onnx --input - --output -", "JSON in, JSON out."},
       {"onda run model.onnx --input x.raw --dtype float32 --shape 1,64 --output y.npy", "Raw elements."}}};
}

SoftmaxMode parse_softmax(const std::string& word) {
  if (word == "on") return SoftmaxMode::on;
  if (word == "off") return SoftmaxMode::off;
  return SoftmaxMode::automatic;
}

}  // namespace

void RunRequest::add_input_flags(CommandLine& line) {
  line.group("Input");
  line.list({"input", "[NAME=]FILE",
             "A file for the model's input, or for the one called NAME. Several files for a model of one "
             "input are run "
             "one after the other."},
            [this](const std::string& value) { inputs.push_back(value); });
  line.list({"shape", "[NAME=]N,N,…", "The shape of the elements in the file; one N may be -1."},
            [this](const std::string& value) { shapes.push_back(value); });
  line.list({"dtype", "[NAME=]TYPE", "The file holds raw elements of this type: float32, int64, uint8, …"},
            [this](const std::string& value) { dtypes.push_back(value); });
  line.option(
      {"shape-policy", "POLICY",
       "How far a shape may be fitted to the model's: strict, reshape (default: 1s added or dropped, one "
       "dynamic dimension inferred) or broadcast."},
      [this](const std::string& value) { policy = parse_shape_policy(value); });
}

void RunRequest::add_output_flags(CommandLine& line) {
  line.group("Output");
  line.list({"output", "[NAME=]FILE",
             "Write an output: .npy, .pb, .json or .raw; a directory (out/) takes all of them, - is standard "
             "output."},
            [this](const std::string& value) { output.given.push_back(value); });
  line.option({"output-format", "FORMAT", "npy, pb, json or raw, whatever the file is called."},
              [this](const std::string& value) { output.format = parse_output_format(value); });
  line.option({"labels", "FILE", "The classes' names, one a line: ranks the classes."}, labels);
  line.option({"top", "K", "Show the K best classes; 5 where only --labels is given."},
              [this](const std::string& value) {
                top = static_cast<std::size_t>(read_integer(value, 1, 1'000'000));
              });
  line.option(
      {"softmax", "auto|on|off",
       "Turn scores into probabilities for the ranking. auto (default): where the graph does not end in a "
       "softmax."},
      [this](const std::string& value) {
        if (value != "auto" && value != "on" && value != "off") {
          throw UsageError('"' + value + "\": expected auto, on or off");
        }
        softmax = parse_softmax(value);
      });
  line.flag({"json", "", "Print one JSON object."}, as_json);
}

CommandLine::Parsed RunRequest::parse(std::span<const std::string> arguments, std::string& help,
                                      const EnvironmentLookup& environment) {
  CommandLine line(text());
  std::vector<std::string> words;
  line.words("MODEL", 1, 1'000'000, words);
  add_input_flags(line);
  preprocess.add_to(line);
  add_output_flags(line);
  session.add_to(line);
  memory.add_to(line);
  line.group("Run");
  line.option({"repeat", "N", "Run N times and show the times; the output is that of the last."},
              [this](const std::string& value) { repeat = read_integer(value, 1); });
  line.option({"timeout,deadline", "TIME", "Give up a run that takes longer: 2s, 500ms."},
              [this](const std::string& value) { timeout = read_duration(value); });
  runtime.add_to(line);
  if (line.parse(arguments, environment) == CommandLine::Parsed::help) {
    help = line.help();
    return CommandLine::Parsed::help;
  }
  model = words.front();
  // A shell's pattern behind --input leaves all files but the first without a flag.
  inputs.insert(inputs.end(), words.begin() + 1, words.end());
  if (ranks() && !top) top = 5;
  session.options.log_level = runtime.log_level;
  memory.apply_to(session.options);
  return CommandLine::Parsed::run;
}

}  // namespace onda::cli
