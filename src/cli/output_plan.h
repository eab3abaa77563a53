#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/tensor_format.h"
#include "onda/session.h"

namespace onda::cli {

/// What `--output` asks for, in the words of the command line.
struct OutputRequest {
  std::vector<std::string> given;      ///< [NAME=]FILE, a directory, or "-"
  std::optional<TensorFormat> format;  ///< --output-format; otherwise the file's extension decides
};

/// One file to write.
struct PlannedOutput {
  std::optional<std::size_t> output;  ///< its place in the model's outputs; empty: all, in one JSON file
  std::string file;                   ///< "-" is standard output
  TensorFormat format = TensorFormat::npy;
  std::string make_directory{};  ///< to be made first, where it is not there; a directory that was given
  friend bool operator==(const PlannedOutput&, const PlannedOutput&) = default;
};

/// Which output goes to which file in a run of `stem` (the input's name without folder and extension). A text
/// that ends in a slash or names an existing directory takes all outputs, as NAME.npy, or STEM.NAME.npy where
/// there are several runs. A single file takes a model's only output, or all of them where it is JSON. Throws
/// invalid_argument for a name that the model lacks, with its outputs, and for two outputs in one file;
/// UsageError where it is open which output is meant, or in which form, and where several runs would write
/// the same file.
[[nodiscard]] std::vector<PlannedOutput> plan_outputs(const OutputRequest& request,
                                                      std::span<const ValueInfo> outputs,
                                                      const std::string& stem, bool has_several_runs);

/// Throws what `plan_outputs` throws for the runs of `stems`, and invalid_argument where two of them would
/// write the same file.
void require_own_files(const OutputRequest& request, std::span<const ValueInfo> outputs,
                       std::span<const std::string> stems);

/// `name` as it may stand in a file's name: letters, digits and ._- stay.
[[nodiscard]] std::string file_name_of(const std::string& name);

/// Writes one encoded file: to a temporary one beside it, then renamed; standard output, devices and pipes
/// directly. Throws what `base::write_file_atomically` throws.
void write_output(const std::string& file, const std::string& content);

/// Writes the contents, one for each output, in one go: all of the files or none, as far as that is in our
/// hands. What goes to standard output, devices and pipes comes first, as it cannot be taken back. Throws
/// what `base::write_file_atomically` throws.
void write_outputs(std::span<const PlannedOutput> plan, std::span<const std::string> contents);

}  // namespace onda::cli
