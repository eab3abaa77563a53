#include "cli/program_help.h"

namespace onda::cli {

std::string program_help(std::span<const Command> commands) {
  std::string text =
      "Usage: onda COMMAND [WORDS] [FLAGS]\n"
      "\n"
      "Runs ONNX models, from one native program on top of ONNX Runtime.\n"
      "\n"
      "Commands:\n";
  for (const auto& command : commands) {
    text += "  " + std::string(command.name) + std::string(10 - command.name.size(), ' ');
    text += std::string(command.summary) + '\n';
  }
  text +=
      "  help      Explain a command: onda help run\n"
      "\n"
      "Flags of every command:\n"
      "  --onnxruntime PATH   ONNX Runtime's library, where it is not found by itself\n"
      "  --log-level LEVEL    verbose, info, warning or error\n"
      "  --config FILE        Read flags from FILE\n"
      "  --help, --version\n"
      "\n"
      "Every flag can also be given by the environment: ONDA_THREADS=2 is --threads 2.\n"
      "\n"
      "Examples:\n"
      "  onda run resnet50.onnx --input cat.jpg --preprocess imagenet --labels names.txt --top 5\n"
      "  onda run model.onnx --input x.npy --output y.npy\n"
      "  onda inspect model.onnx\n"
      "  onda bench model.onnx --batch 1,2,4,8 --threads 1,2\n"
      "  onda doctor\n";
  return text;
}

}  // namespace onda::cli
