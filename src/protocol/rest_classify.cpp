#include "protocol/rest_classify.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "onda/preprocess.h"
#include "protocol/json_text.h"
#include "serving/class_ranking.h"

namespace onda::protocol {
namespace {

constexpr std::size_t kDefaultTop = 5;
constexpr std::size_t kMostTop = 1000;

std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

std::size_t parse_top(std::string_view text) {
  // Digits alone: no sign, no percent-encoding.
  const auto top = base::parse_number<std::uint64_t>(text);
  if (!top || *top < 1 || *top > kMostTop) {
    throw Error(ErrorCode::invalid_argument,
                "top=" + base::quoted(text) + ": expected a number from 1 to " + std::to_string(kMostTop));
  }
  return static_cast<std::size_t>(*top);
}

[[noreturn]] void refuse(const serving::ModelVersion& version, const std::string& why) {
  throw Error(ErrorCode::failed_precondition,
              "model " + base::quoted(version.model()) + " cannot classify an image: " + why);
}

const serving::TensorSpec& image_input(const serving::ModelVersion& version) {
  if (!version.preprocess()) {
    refuse(version, "its configuration does not say how an image becomes its input (onda.preprocess)");
  }
  const serving::TensorSpec* image = nullptr;
  for (const auto& input : version.inputs()) {
    if (input.optional) continue;
    if (image != nullptr) refuse(version, "it needs more than one input");
    image = &input;
  }
  if (image == nullptr) refuse(version, "it needs no input");
  return *image;
}

/// Whether each image has a row of scores in it. One that has a single class is what a decision is put in,
/// not scores.
bool has_classes(const serving::TensorSpec& output, bool is_batched) {
  if (!serving::has_scores(output.dtype)) return false;
  if (!output.has_shape) return true;
  const std::size_t least = is_batched ? 2 : 1;
  return output.shape.rank() >= least && output.shape[output.shape.rank() > 1 ? 1 : 0] != 1;
}

const serving::TensorSpec& ranked_output(const serving::ModelVersion& version) {
  const auto outputs = version.outputs();
  const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const auto& output) {
    return has_classes(output, version.is_batched());
  });
  if (found != outputs.end()) return *found;
  if (outputs.size() == 1 && serving::has_scores(outputs.front().dtype)) return outputs.front();
  refuse(version, "none of its outputs holds scores of classes");
}

/// What a softmax of such elements may miss the sum of 1 by.
double tolerance_of(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16 ? 1e-2 : 1e-3; }

void append_class(std::string& out, const serving::RankedClass& ranked, std::span<const std::string> labels) {
  out += "{\"index\":";
  append_json_number(out, static_cast<std::uint64_t>(ranked.index));
  if (ranked.index < labels.size() && !labels[ranked.index].empty()) {
    out += ",\"label\":";
    append_json_string(out, labels[ranked.index]);
  }
  out += ",\"probability\":";
  // Scores have no more digits than a float.
  if (std::isfinite(ranked.score)) {
    append_json_number(out, static_cast<float>(ranked.score));
  } else {
    out += "null";
  }
  out += '}';
}

}  // namespace

std::size_t classify_top(std::string_view target) {
  const auto mark = target.find('?');
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  std::optional<std::size_t> top;
  while (!query.empty()) {
    std::string_view parameter = take_until(query, '&');
    const auto name = take_until(parameter, '=');
    if (name != "top") {
      throw Error(ErrorCode::invalid_argument,
                  "query parameter " + base::quoted(name) + " is unknown; expected top");
    }
    if (top) throw Error(ErrorCode::invalid_argument, "query parameter top comes twice");
    top = parse_top(parameter);
  }
  return top.value_or(kDefaultTop);
}

ImageClassification::ImageClassification(std::shared_ptr<serving::ModelVersion> version, std::size_t top)
    : version_(std::move(version)),
      top_(top),
      input_(&image_input(*version_)),
      output_(&ranked_output(*version_)) {}

void ImageClassification::decode(std::span<const std::byte> encoded) {
  try {
    tensor_ = load_image(encoded, *version_->preprocess(), version_->executor().allocator());
  } catch (const Error& error) {
    // It is the client's image that is damaged, no file of ours.
    if (error.code() != ErrorCode::data_loss) throw;
    throw Error(ErrorCode::invalid_argument, error.what());
  }
  if (input_->has_shape && input_->shape.rank() + 1 == tensor_.shape().rank()) {
    tensor_ = std::move(tensor_).reshaped(Shape(tensor_.shape().dims().subspan(1)));
  }
}

void ImageClassification::fill_request(serving::InferenceRequest& request) const {
  request.version = version_;
  request.inputs.assign(1, {input_->name, tensor_.view()});
  request.outputs.assign(1, output_->name);
}

RestResponse ImageClassification::answer(const serving::InferenceResult& result) noexcept {
  RestResponse response;
  try {
    if (result.error) {
      response = error_response(*result.error, result.situation);
    } else {
      response.body = encode(result);
    }
  } catch (...) {
    response = error_response_of_current_exception();
  }
  // An unload waits for the version, and the client may take its time to read.
  tensor_ = Tensor();
  version_.reset();
  return response;
}

std::string ImageClassification::encode(const serving::InferenceResult& result) const {
  const TensorView& output = result.outputs.at(0).tensor;
  const auto rows = serving::score_rows(output);
  if (rows.size() != 1) {
    refuse(*version_, "output " + base::quoted(output_->name) + " has shape " + to_string(output.shape()) +
                          ", which is " + std::to_string(rows.size()) + " rows of scores, expected 1");
  }
  const auto& scores = rows.front();
  const bool are_probabilities = serving::are_probabilities(scores, tolerance_of(output.dtype()));
  const auto ranked = serving::top_k(are_probabilities ? scores : serving::softmax(scores), top_);

  std::string body = "{\"model_name\":";
  append_json_string(body, version_->model());
  body += ",\"model_version\":";
  append_json_string(body, version_->number_text());
  body += ",\"classes\":[";
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    if (i > 0) body += ',';
    append_class(body, ranked[i], output_->labels);
  }
  body += "]}";
  return body;
}

}  // namespace onda::protocol
