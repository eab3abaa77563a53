#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "onda/tensor.h"
#include "protocol/rest_api.h"
#include "serving/inference_request.h"
#include "serving/model_version.h"

namespace onda::protocol {

/// `top` of a target's query ("/v2/models/m/classify?top=3"), 5 where it has none. Throws invalid_argument
/// for any other parameter, for one that comes twice, and for what is no number from 1 to 1000.
[[nodiscard]] std::size_t classify_top(std::string_view target);

/// One image on its way through a model. The steps follow one another, on any threads:
///
///   ImageClassification image(version, classify_top(target));  // quick
///   image.decode(body);                 // takes milliseconds: on a worker, never on a thread that others
///   wait for image.fill_request(request);        // `image` outlives the request's completion
///   version->submit(request, …);
///   response = image.answer(request.result);
class ImageClassification {
 public:
  /// Throws failed_precondition for a version that takes no image, needs more than an image, or gives nothing
  /// that can be ranked.
  ImageClassification(std::shared_ptr<serving::ModelVersion> version, std::size_t top);

  /// Makes the model's input of an encoded image (JPEG, PNG or WebP), which is borrowed for the call. Throws
  /// invalid_argument for what is no such image or is damaged, resource_exhausted for one with too many
  /// pixels, which is refused before they are decoded, and where there is no memory.
  void decode(std::span<const std::byte> encoded);

  /// Sets version, inputs and outputs; they borrow from this object.
  void fill_request(serving::InferenceRequest& request) const;

  /// `{"model_name","model_version","classes":[{"index","label","probability"}]}`, likeliest first, or the
  /// answer to the error in `result`. Classes without a label have no "label", a probability that is none
  /// (NaN) is null. Lets the version and the tensor go: it is called once.
  [[nodiscard]] RestResponse answer(const serving::InferenceResult& result) noexcept;

 private:
  [[nodiscard]] std::string encode(const serving::InferenceResult& result) const;

  std::shared_ptr<serving::ModelVersion> version_;
  std::size_t top_;
  const serving::TensorSpec* input_;
  const serving::TensorSpec* output_;
  Tensor tensor_;
};

}  // namespace onda::protocol
