#include "cli/graph_end.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/random_access_file.h"
#include "base/wire_stream.h"

namespace onda::cli {
namespace {

// Numbers of fields in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
constexpr std::uint32_t kModelGraph = 7;
constexpr std::uint32_t kGraphNode = 1;
constexpr std::uint32_t kNodeInput = 1;
constexpr std::uint32_t kNodeOutput = 2;
constexpr std::uint32_t kNodeOperator = 4;

// Nodes stand in the order in which they can run, so what ends the graph is near the end.
constexpr std::size_t kRemembered = 64;
constexpr std::array<std::string_view, 6> kPassedOver = {"Identity", "Cast",    "Reshape",
                                                         "Flatten",  "Squeeze", "Unsqueeze"};

struct Node {
  std::string type;
  std::string first_input;
  std::vector<std::string> outputs;
};

class GraphEndReader {
 public:
  explicit GraphEndReader(base::ByteSource& source) : stream_(source), whole_(stream_.all()) {}

  bool ends_in_softmax(std::string_view output) {
    read_model();
    return is_softmax_of(output);
  }

 private:
  using Field = base::StreamedField;

  static bool is_bytes(const Field& field, std::uint32_t number) {
    return field.number == number && field.type == base::WireField::Type::bytes;
  }

  void read_model() {
    stream_.enter(whole_);
    while (const auto field = stream_.next(whole_)) {
      if (!is_bytes(*field, kModelGraph)) continue;
      read_graph(*field);
      return;
    }
  }

  void read_graph(const Field& graph) {
    stream_.enter(graph);
    while (const auto field = stream_.next(graph)) {
      if (!is_bytes(*field, kGraphNode)) continue;
      nodes_.push_back(read_node(*field));
      if (nodes_.size() > kRemembered) nodes_.pop_front();
      stream_.leave(*field);
    }
  }

  Node read_node(const Field& message) {
    Node node;
    bool has_input = false;
    stream_.enter(message);
    while (const auto field = stream_.next(message)) {
      if (is_bytes(*field, kNodeOperator)) node.type = text(*field);
      if (is_bytes(*field, kNodeOutput)) node.outputs.push_back(text(*field));
      if (is_bytes(*field, kNodeInput) && !has_input) {
        node.first_input = text(*field);
        has_input = true;
      }
    }
    return node;
  }

  std::string text(const Field& field) {
    // A name is the file's word; one that is longer is none that a model has.
    constexpr std::uint64_t kLongest = 64 << 10;
    if (field.size > kLongest) return {};
    std::string result;
    stream_.read(field, result);
    return result;
  }

  [[nodiscard]] bool is_softmax_of(std::string_view value) const {
    for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
      if (std::find(node->outputs.begin(), node->outputs.end(), value) == node->outputs.end()) continue;
      if (node->type == "Softmax") return true;
      if (std::find(kPassedOver.begin(), kPassedOver.end(), node->type) == kPassedOver.end()) return false;
      value = node->first_input;
    }
    return false;
  }

  base::WireStream stream_;
  Field whole_;
  std::deque<Node> nodes_;
};

bool is_ort_format(base::ByteSource& source) {
  // A flatbuffer with its name behind the first offset.
  constexpr std::string_view kName = "ORTM";
  const auto piece = source.piece(0);
  const std::string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
  return text.size() >= 8 && text.substr(4, 4) == kName;
}

bool ends_in_softmax(base::ByteSource& source, std::string_view output) {
  if (source.size() == 0 || is_ort_format(source)) return false;
  return GraphEndReader(source).ends_in_softmax(output);
}

}  // namespace

bool ends_in_softmax(std::span<const std::byte> model, std::string_view output) {
  base::MemorySource source(model);
  return ends_in_softmax(source, output);
}

bool ends_in_softmax(const std::filesystem::path& model, std::string_view output) {
  const base::RandomAccessFile file(model);
  base::FileSource source(file);
  return ends_in_softmax(source, output);
}

}  // namespace onda::cli
