#include "cli/graph_end.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/protobuf_wire.h"

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
  std::string_view type;
  std::string_view first_input;
  std::vector<std::string_view> outputs;
};

bool is_bytes(const base::WireField& field, std::uint32_t number) {
  return field.number == number && field.type == base::WireField::Type::bytes;
}

Node read_node(std::span<const std::byte> message) {
  Node node;
  bool has_input = false;
  base::WireReader reader(message);
  while (const auto field = reader.next()) {
    if (is_bytes(*field, kNodeOperator)) node.type = field->text();
    if (is_bytes(*field, kNodeOutput)) node.outputs.push_back(field->text());
    if (is_bytes(*field, kNodeInput) && !has_input) {
      node.first_input = field->text();
      has_input = true;
    }
  }
  return node;
}

std::deque<Node> last_nodes(std::span<const std::byte> graph) {
  std::deque<Node> nodes;
  base::WireReader reader(graph);
  while (const auto field = reader.next()) {
    if (!is_bytes(*field, kGraphNode)) continue;
    nodes.push_back(read_node(field->bytes));
    if (nodes.size() > kRemembered) nodes.pop_front();
  }
  return nodes;
}

bool is_softmax_of(const std::deque<Node>& nodes, std::string_view value) {
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (std::find(node->outputs.begin(), node->outputs.end(), value) == node->outputs.end()) continue;
    if (node->type == "Softmax") return true;
    if (std::find(kPassedOver.begin(), kPassedOver.end(), node->type) == kPassedOver.end()) return false;
    value = node->first_input;
  }
  return false;
}

}  // namespace

bool ends_in_softmax(std::span<const std::byte> model, std::string_view output) {
  // ORT format: a flatbuffer with its name behind the first offset.
  constexpr std::string_view kOrtName = "ORTM";
  const std::string_view text(reinterpret_cast<const char*>(model.data()), model.size());
  if (text.size() >= 8 && text.substr(4, 4) == kOrtName) return false;
  base::WireReader reader(model);
  while (const auto field = reader.next()) {
    if (is_bytes(*field, kModelGraph)) return is_softmax_of(last_nodes(field->bytes), output);
  }
  return false;
}

bool ends_in_softmax(const std::filesystem::path& model, std::string_view output) {
  return ends_in_softmax(base::read_file(model, std::numeric_limits<std::uint64_t>::max()), output);
}

}  // namespace onda::cli
