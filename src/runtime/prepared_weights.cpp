#include "runtime/prepared_weights.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "onda/error.h"

namespace onda::runtime {
namespace {

// Smaller ones are often shapes and axes, which the graph depends on; they cost little to check at each
// start.
constexpr std::size_t kLargeBytes = 256;
constexpr int kMaxDepth = 32;
// Of tables looked at. Tables may be shared, so a small file could otherwise have a walk without end.
constexpr std::size_t kMaxTables = 4'000'000;

// Positions of fields in ONNX Runtime's schema (onnxruntime/core/flatbuffers/schema/ort.fbs), which only
// grows at the end of a table.
namespace field {
constexpr unsigned kSessionModel = 1;
constexpr unsigned kModelGraph = 7;
constexpr unsigned kGraphInitializers = 0;
constexpr unsigned kGraphNodes = 2;
constexpr unsigned kNodeAttributes = 10;
constexpr unsigned kAttributeGraph = 7;
constexpr unsigned kAttributeGraphs = 12;
constexpr unsigned kTensorRawData = 4;
}  // namespace field

/// Walks a FlatBuffer (https://flatbuffers.dev/internals/). A position of 0 stands for an absent field: the
/// root's offset is there, so nothing else can be.
class Walk {
 public:
  explicit Walk(std::span<const std::byte> bytes) : bytes_(bytes) {}

  void session() {
    static constexpr char kIdentifier[] = {'O', 'R', 'T', 'M'};
    need(4, sizeof kIdentifier);
    if (std::memcmp(bytes_.data() + 4, kIdentifier, sizeof kIdentifier) != 0) doubt();
    const std::size_t model = child(follow(0), field::kSessionModel);
    if (model != 0) graph(child(model, field::kModelGraph), 0);
  }

  std::vector<std::span<const std::byte>> take() { return std::move(weights_); }

 private:
  [[noreturn]] static void doubt() { throw Error(ErrorCode::data_loss, "not a model in ORT format"); }

  void need(std::size_t position, std::size_t size) const {
    if (position > bytes_.size() || bytes_.size() - position < size) doubt();
  }

  template <typename T>
  [[nodiscard]] T number(std::size_t position) const {
    need(position, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + position, sizeof value);
    return value;
  }

  [[nodiscard]] std::size_t follow(std::size_t position) const {
    const std::size_t offset = number<std::uint32_t>(position);
    if (offset == 0) doubt();
    need(position + offset, sizeof(std::uint32_t));
    return position + offset;
  }

  /// What the field of a table refers to: a table or a vector.
  [[nodiscard]] std::size_t child(std::size_t table, unsigned index) const {
    const std::int64_t vtable = static_cast<std::int64_t>(table) - number<std::int32_t>(table);
    if (vtable < 0) doubt();
    const auto start = static_cast<std::size_t>(vtable);
    const std::size_t slot = 4 + 2 * std::size_t{index};
    if (slot + 2 > number<std::uint16_t>(start)) return 0;
    const std::size_t offset = number<std::uint16_t>(start + slot);
    return offset == 0 ? 0 : follow(table + offset);
  }

  template <typename Visit>
  void each_table(std::size_t vector, Visit visit) {
    if (vector == 0) return;
    const std::size_t count = number<std::uint32_t>(vector);
    need(vector + 4, 4 * count);
    for (std::size_t i = 0; i < count; ++i) {
      if (++tables_ > kMaxTables) doubt();
      visit(follow(vector + 4 + 4 * i));
    }
  }

  void graph(std::size_t table, int depth) {
    if (table == 0) return;
    if (depth > kMaxDepth) doubt();
    each_table(child(table, field::kGraphInitializers), [this](std::size_t tensor) { initializer(tensor); });
    each_table(child(table, field::kGraphNodes), [this, depth](std::size_t node) {
      each_table(child(node, field::kNodeAttributes), [this, depth](std::size_t attribute) {
        graph(child(attribute, field::kAttributeGraph), depth + 1);
        each_table(child(attribute, field::kAttributeGraphs),
                   [this, depth](std::size_t inner) { graph(inner, depth + 1); });
      });
    });
  }

  void initializer(std::size_t tensor) {
    const std::size_t data = child(tensor, field::kTensorRawData);
    if (data == 0) return;
    const std::size_t size = number<std::uint32_t>(data);
    need(data + 4, size);
    if (size >= kLargeBytes) weights_.push_back(bytes_.subspan(data + 4, size));
  }

  std::span<const std::byte> bytes_;
  std::vector<std::span<const std::byte>> weights_;
  std::size_t tables_ = 0;
};

}  // namespace

std::vector<std::span<const std::byte>> find_weights(std::span<const std::byte> model) {
  std::vector<std::span<const std::byte>> weights;
  try {
    Walk walk(model);
    walk.session();
    weights = walk.take();
  } catch (const Error&) {
    return {};
  }
  std::sort(weights.begin(), weights.end(), [](auto left, auto right) { return left.data() < right.data(); });
  for (std::size_t i = 1; i < weights.size(); ++i) {
    if (weights[i - 1].data() + weights[i - 1].size() > weights[i].data()) return {};
  }
  return weights;
}

}  // namespace onda::runtime
