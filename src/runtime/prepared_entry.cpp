#include "runtime/prepared_entry.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/digest.h"
#include "onda/error.h"
#include "runtime/prepared_references.h"
#include "runtime/prepared_weights.h"

namespace onda::runtime {
namespace {

static_assert(std::endian::native == std::endian::little,
              "an entry is written and read as it lies in memory");

// "2" is the layout's version: an entry of another is foreign.
constexpr std::array<char, 16> kMagic = {'o', 'n', 'd', 'a', ' ', 'p', 'r', 'e',
                                         'p', 'a', 'r', 'e', 'd', ' ', '2', '\n'};
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{16} << 20;

/// Where one weight lies in the model.
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
static_assert(sizeof(Segment) == 16);

/// The end of an entry. Before it lie the external weights, the model, the segments, and the four texts,
/// without gaps.
struct Footer {
  PreparedForm form = PreparedForm::ort;
  std::uint64_t external_bytes = 0;
  std::uint64_t model_bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t key_bytes = 0;
  std::uint64_t path_bytes = 0;
  std::uint64_t version_bytes = 0;
  std::uint64_t notes_bytes = 0;
  base::Xxh3::Value graph_digest{};    ///< of the model without its weights, the segments and the texts
  base::Xxh3::Value weights_digest{};  ///< of the weights, one after the other
  base::Xxh3::Value footer_digest{};   ///< of what stands before it in the footer
  std::array<char, 16> magic{};
};
static_assert(sizeof(Footer) == 8 * 8 + 4 * 16);

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

base::Xxh3::Value digest_of(const Footer& footer) {
  return base::Xxh3::of(std::as_bytes(std::span(&footer, 1)).first(offsetof(Footer, footer_digest)));
}

[[noreturn]] void refuse(const char* reason) {
  throw Error(ErrorCode::data_loss, std::string("not a good prepared model: ") + reason);
}

/// Cuts an entry into its parts, one after the other.
class Parts {
 public:
  explicit Parts(std::span<const std::byte> rest) : rest_(rest) {}
  std::span<const std::byte> next(std::uint64_t bytes) {
    if (bytes > rest_.size()) refuse("it is cut short");
    const auto part = rest_.first(static_cast<std::size_t>(bytes));
    rest_ = rest_.subspan(part.size());
    return part;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

Footer footer_of(std::span<const std::byte> bytes) {
  Footer footer;
  if (bytes.size() < sizeof footer) refuse("it is too small");
  std::memcpy(&footer, bytes.last(sizeof footer).data(), sizeof footer);
  if (footer.magic != kMagic) refuse("it is cut short, or of another layout");
  if (footer.footer_digest != digest_of(footer)) refuse("its footer is damaged");
  const bool is_known = footer.form == PreparedForm::external ? footer.segments == 0
                        : footer.form == PreparedForm::ort    ? footer.external_bytes == 0
                                                              : false;
  if (!is_known) refuse("its form is not known");
  return footer;
}

/// The weights by their table, which must be ascending, apart and within the model.
std::vector<std::span<const std::byte>> weights_by(std::span<const std::byte> table,
                                                   std::span<const std::byte> model) {
  std::vector<std::span<const std::byte>> weights;
  weights.reserve(table.size() / sizeof(Segment));
  std::uint64_t end = 0;
  for (; !table.empty(); table = table.subspan(sizeof(Segment))) {
    Segment segment;
    std::memcpy(&segment, table.data(), sizeof segment);
    if (segment.offset < end || segment.offset > model.size() ||
        segment.bytes > model.size() - segment.offset) {
      refuse("its weights lie outside the model");
    }
    end = segment.offset + segment.bytes;
    weights.push_back(
        model.subspan(static_cast<std::size_t>(segment.offset), static_cast<std::size_t>(segment.bytes)));
  }
  return weights;
}

void update_without_weights(base::Xxh3& digest, std::span<const std::byte> model,
                            std::span<const std::span<const std::byte>> weights) {
  const std::byte* position = model.data();
  for (const auto weight : weights) {
    digest.update({position, weight.data()});
    position = weight.data() + weight.size();
  }
  digest.update({position, model.data() + model.size()});
}

base::Xxh3::Value digest_of_weights(std::span<const std::span<const std::byte>> weights) {
  base::Xxh3 digest;
  for (const auto weight : weights) digest.update(weight);
  return digest.finish();
}

/// All of the external form's file, the gaps in it too: what is mapped in pages is checked in pages.
std::vector<std::span<const std::byte>> weights_of(PreparedForm form, std::span<const std::byte> external,
                                                   std::vector<std::span<const std::byte>> of_model) {
  if (form == PreparedForm::external) return {external};
  return of_model;
}

/// What lies between model and footer, in order.
struct Middle {
  std::span<const std::byte> segments, key, path, version, notes;
};

EntryView view_of(std::span<const std::byte> bytes, Footer& footer, Middle& middle) {
  footer = footer_of(bytes);
  Parts parts(bytes.first(bytes.size() - sizeof footer));
  EntryView view;
  view.form = footer.form;
  view.external = parts.next(footer.external_bytes);
  view.model = parts.next(footer.model_bytes);
  if (footer.segments > bytes.size() / sizeof(Segment)) refuse("it is cut short");
  middle.segments = parts.next(footer.segments * sizeof(Segment));
  middle.key = parts.next(footer.key_bytes);
  middle.path = parts.next(footer.path_bytes);
  middle.version = parts.next(footer.version_bytes);
  middle.notes = parts.next(footer.notes_bytes);
  if (!parts.done()) refuse("it is longer than it says");
  view.key_material = text_of(middle.key);
  view.model_path = text_of(middle.path);
  view.runtime_version = text_of(middle.version);
  view.notes = text_of(middle.notes);
  view.weights_digest =
      bytes.last(sizeof footer).subspan(offsetof(Footer, weights_digest), sizeof(base::Xxh3::Value));
  return view;
}

}  // namespace

EntryView peek_entry(std::span<const std::byte> bytes) {
  Footer footer;
  Middle middle;
  return view_of(bytes, footer, middle);
}

EntryView parse_entry(std::span<const std::byte> bytes) {
  Footer footer;
  Middle middle;
  EntryView view = view_of(bytes, footer, middle);
  auto in_model = weights_by(middle.segments, view.model);
  base::Xxh3 digest;
  update_without_weights(digest, view.model, in_model);
  view.weights = weights_of(view.form, view.external, std::move(in_model));
  for (const auto part : {middle.segments, middle.key, middle.path, middle.version, middle.notes})
    digest.update(part);
  if (digest.finish() != footer.graph_digest) refuse("its graph is damaged");
  return view;
}

bool weights_are_intact(const EntryView& entry) {
  const base::Xxh3::Value digest = digest_of_weights(entry.weights);
  return std::ranges::equal(digest, entry.weights_digest);
}

std::vector<std::byte> entry_trailer(const SavedModel& saved, std::string_view key_material,
                                     const EntryDescription& description) {
  const auto model = saved.model;
  const auto weights =
      saved.form == PreparedForm::ort ? find_weights(model) : std::vector<std::span<const std::byte>>();
  std::vector<Segment> segments;
  segments.reserve(weights.size());
  for (const auto weight : weights) {
    segments.push_back({static_cast<std::uint64_t>(weight.data() - model.data()), weight.size()});
  }
  const std::array<std::span<const std::byte>, 5> middle = {
      std::as_bytes(std::span(segments)), bytes_of(key_material), bytes_of(description.model),
      bytes_of(description.runtime_version), bytes_of(description.notes)};

  base::Xxh3 graph;
  update_without_weights(graph, model, weights);
  std::vector<std::byte> trailer;
  for (const auto part : middle) {
    if (part.size() > kMaxTextBytes) {
      throw Error(ErrorCode::failed_precondition,
                  "a prepared model with " + std::to_string(part.size()) +
                      " bytes in one of its descriptions is not kept; the limit is " +
                      std::to_string(kMaxTextBytes));
    }
    graph.update(part);
    trailer.insert(trailer.end(), part.begin(), part.end());
  }
  Footer footer{.form = saved.form,
                .external_bytes = saved.external.size(),
                .model_bytes = model.size(),
                .segments = segments.size(),
                .key_bytes = key_material.size(),
                .path_bytes = description.model.size(),
                .version_bytes = description.runtime_version.size(),
                .notes_bytes = description.notes.size(),
                .graph_digest = graph.finish(),
                .weights_digest = digest_of_weights(weights_of(saved.form, saved.external, weights)),
                .magic = kMagic};
  footer.footer_digest = digest_of(footer);
  const auto end = std::as_bytes(std::span(&footer, 1));
  trailer.insert(trailer.end(), end.begin(), end.end());
  return trailer;
}

MappedEntry::MappedEntry(std::string name, const base::PrivateFile& file)
    : name_(std::move(name)),
      stamp_(file.stamp()),
      mapping_(file.descriptor()),
      view_(parse_entry(mapping_.bytes())) {
  if (view_.form == PreparedForm::external) require_own_references(view_.model, name_, view_.external.size());
}

bool MappedEntry::verify_weights() const {
  const bool intact = weights_are_intact(view_);
  if (view_.form == PreparedForm::external) drop_pages();
  return intact;
}

}  // namespace onda::runtime
