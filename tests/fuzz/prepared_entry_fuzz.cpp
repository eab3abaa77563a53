// Arbitrary bytes as a file of the cache of prepared models, and as a model to be made one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "onda/error.h"
#include "runtime/model_file.h"
#include "runtime/prepared_entry.h"
#include "runtime/prepared_references.h"
#include "runtime/prepared_weights.h"

namespace {

using onda::runtime::EntryView;
using onda::runtime::PreparedForm;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_within(std::span<const std::byte> part, std::span<const std::byte> whole) {
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void require_ascending(std::span<const std::span<const std::byte>> weights,
                       std::span<const std::byte> model) {
  const std::byte* end = model.data();
  for (const auto weight : weights) {
    require_within(weight, model);
    require(weight.data() >= end);
    end = weight.data() + weight.size();
  }
}

void parse(std::span<const std::byte> bytes) {
  try {
    static_cast<void>(onda::runtime::peek_entry(bytes));
    const EntryView view = onda::runtime::parse_entry(bytes);
    require_within(view.external, bytes);
    require_within(view.model, bytes);
    require_ascending(view.weights, view.form == PreparedForm::ort ? view.model : view.external);
    static_cast<void>(onda::runtime::weights_are_intact(view));
    onda::runtime::require_own_references(view.model, "name", view.external.size());
  } catch (const onda::Error&) {
    // Refused, as most of these are.
  }
}

/// The sizes at the end made credible, so that what lies behind the footer's digest is reached.
void parse_with_good_footer(std::span<const std::byte> bytes) {
  constexpr std::size_t kFooterBytes = 128;
  constexpr std::size_t kDigestAt = 96;
  constexpr std::string_view kMagic = "onda prepared 2\n";
  if (bytes.size() < kFooterBytes) return;
  std::vector<std::byte> entry(bytes.begin(), bytes.end());
  const auto footer = std::span(entry).last(kFooterBytes);
  const auto digest = onda::base::Xxh3::of(footer.first(kDigestAt));
  std::ranges::copy(digest, footer.begin() + kDigestAt);
  std::ranges::copy(std::as_bytes(std::span(kMagic)), footer.end() - kMagic.size());
  parse(entry);
}

/// The bytes as a graph that ONNX Runtime might be given: what it names lies within what there is.
void refer(std::span<const std::byte> graph) {
  try {
    onda::runtime::require_own_references(graph, "name", 2048);
    for (const auto& tensor : onda::runtime::read_model_file(graph).external_tensors) {
      require(tensor.location == "name");
      require(tensor.offset <= 2048 && tensor.length.value() <= 2048 - tensor.offset);
    }
  } catch (const onda::Error&) {
    // Refused, as most of these are.
  }
}

/// Whatever the walk found, what was made of it is a good entry that holds the same bytes.
void make(std::span<const std::byte> model) {
  require_ascending(onda::runtime::find_weights(model), model);
  std::vector<std::byte> entry(model.begin(), model.end());
  const auto trailer = onda::runtime::entry_trailer({.model = model}, "key",
                                                    {.model = "m", .runtime_version = "v", .notes = "n"});
  entry.insert(entry.end(), trailer.begin(), trailer.end());
  const EntryView view = onda::runtime::parse_entry(entry);
  require(view.model.size() == model.size());
  require(onda::runtime::weights_are_intact(view));
}

/// The same for the external form, in which half of the bytes are the weights.
void make_external(std::span<const std::byte> bytes) {
  const auto external = bytes.first(bytes.size() / 2);
  const auto model = bytes.subspan(external.size());
  std::vector<std::byte> entry(bytes.begin(), bytes.end());
  const auto trailer =
      onda::runtime::entry_trailer({.form = PreparedForm::external, .external = external, .model = model},
                                   "key", {.model = "m", .runtime_version = "v", .notes = "n"});
  entry.insert(entry.end(), trailer.begin(), trailer.end());
  const EntryView view = onda::runtime::parse_entry(entry);
  require(view.external.size() == external.size() && view.model.size() == model.size());
  require(onda::runtime::weights_are_intact(view));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  parse(bytes);
  parse_with_good_footer(bytes);
  refer(bytes);
  make(bytes);
  make_external(bytes);
  return 0;
}
