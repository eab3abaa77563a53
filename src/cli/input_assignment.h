#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "onda/session.h"

namespace onda::cli {

/// A file for one input of a model.
struct AssignedInput {
  std::size_t input = 0;  ///< its place in the model's inputs
  std::string file;       ///< "-" is standard input
  friend bool operator==(const AssignedInput&, const AssignedInput&) = default;
};

/// Which file goes to which input, in each of the runs. `given` are the texts `[NAME=]FILE`. Files without a
/// name go to the one input that must be given: one of them is one run, several are as many runs, the named
/// inputs being the same in each. `exists` tells whether a file of that name is there, for names with an
/// equals sign in them. Throws invalid_argument for an input that the model lacks, is given twice or is
/// missing, with the model's inputs; UsageError when standard input is to be read twice.
[[nodiscard]] std::vector<std::vector<AssignedInput>> assign_inputs(
    std::span<const std::string> given, std::span<const ValueInfo> inputs,
    const std::function<bool(const std::string&)>& exists);

/// The place of the input that `text` names in front of an equals sign, for flags such as --shape NAME=1,3;
/// the rest of the text is what stands behind it. Without a name that the model has, the first input and all
/// of the text.
struct NamedText {
  std::size_t input = 0;
  std::string text;
};
[[nodiscard]] NamedText split_name(const std::string& text, std::span<const ValueInfo> inputs);

}  // namespace onda::cli
