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
#include "runtime/prepared_entry.h"
#include "runtime/prepared_weights.h"

namespace {

using onda::runtime::EntryView;

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
    require_within(view.model, bytes);
    require_ascending(view.weights, view.model);
    static_cast<void>(onda::runtime::weights_are_intact(view));
  } catch (const onda::Error&) {
    // Refused, as most of these are.
  }
}

/// The sizes at the end made credible, so that what lies behind the footer's digest is reached.
void parse_with_good_footer(std::span<const std::byte> bytes) {
  constexpr std::size_t kFooterBytes = 112;
  constexpr std::size_t kDigestAt = 80;
  constexpr std::string_view kMagic = "onda prepared 1\n";
  if (bytes.size() < kFooterBytes) return;
  std::vector<std::byte> entry(bytes.begin(), bytes.end());
  const auto footer = std::span(entry).last(kFooterBytes);
  const auto digest = onda::base::Xxh3::of(footer.first(kDigestAt));
  std::ranges::copy(digest, footer.begin() + kDigestAt);
  std::ranges::copy(std::as_bytes(std::span(kMagic)), footer.end() - kMagic.size());
  parse(entry);
}

/// Whatever the walk found, what was made of it is a good entry that holds the same bytes.
void make(std::span<const std::byte> model) {
  require_ascending(onda::runtime::find_weights(model), model);
  std::vector<std::byte> entry(model.begin(), model.end());
  const auto trailer =
      onda::runtime::entry_trailer(model, "key", {.model = "m", .runtime_version = "v", .notes = "n"});
  entry.insert(entry.end(), trailer.begin(), trailer.end());
  const EntryView view = onda::runtime::parse_entry(entry);
  require(view.model.size() == model.size());
  require(onda::runtime::weights_are_intact(view));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  parse(bytes);
  parse_with_good_footer(bytes);
  make(bytes);
  return 0;
}
