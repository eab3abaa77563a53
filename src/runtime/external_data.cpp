#include "runtime/external_data.h"

#include "base/files.h"
#include "base/machine.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "runtime/model_file.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

/// ONNX Runtime 1.29 takes a "./" off the names that it is given, and none off those that it looks for.
std::string name_for_table(const std::string& location) {
  return location.starts_with("./") ? "./" + location : location;
}

}  // namespace

ExternalData::ExternalData(const std::filesystem::path& model, std::span<const std::string> locations) {
  // A sparse file may claim any size.
  std::uint64_t left = locations.empty() ? 0 : base::inspect_machine().usable_memory_bytes;
  for (const std::string& location : locations) {
    const auto path = external_path(model, location);
    try {
      contents_.push_back(base::read_file(path, left));
    } catch (const Error& error) {
      throw error.with_context(base::quoted_path(model) + ": external data");
    }
    left -= contents_.back().size();
    names_.push_back(name_for_table(location));
  }
}

void ExternalData::add_to(const Environment& environment, OrtSessionOptions& options) const {
  if (names_.empty()) return;
  std::vector<const char*> names;
  std::vector<char*> contents;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    names.push_back(names_[i].c_str());
    // Read, not written, through a pointer that is not const.
    contents.push_back(const_cast<char*>(reinterpret_cast<const char*>(contents_[i].data())));  // NOLINT
    sizes.push_back(contents_[i].size());
  }
  const OrtApi& api = environment.api();
  check(api,
        api.AddExternalInitializersFromFilesInMemory(&options, names.data(), contents.data(), sizes.data(),
                                                     names.size()),
        "hand over external data");
}

}  // namespace onda::runtime
