#include "bench/memory/onda_session.h"

#include <algorithm>
#include <stdexcept>

namespace onda::bench {
namespace {

SessionOptions options_of(const OndaSettings& settings) {
  SessionOptions options{.intra_op_threads = 2, .memory = settings.strategy};
  if (!settings.cache.empty()) {
    options.preparation = Preparation::use;
    options.verification = Verification::structure;
    options.cache_directory = settings.cache;
  }
  return options;
}

}  // namespace

OndaSession::OndaSession(const std::string& model, const OndaSettings& settings)
    : runtime_(Runtime::initialize({.memory = {.huge_pages = settings.huge_pages}})),
      session_(Session::open(runtime_, model, options_of(settings))) {
  if (!settings.cache.empty() && session_.prepared() != PreparedState::used)
    throw std::runtime_error("the prepared model was not used");
  for (const ValueInfo& input : session_.inputs()) {
    for (const auto& name : input.dimension_names) {
      if (!name.empty() && std::ranges::find(dimensions_, name) == dimensions_.end())
        dimensions_.push_back(name);
    }
  }
  buffers_.resize(session_.inputs().size());
}

Shape OndaSession::shape_of(const ValueInfo& input, const std::vector<std::int64_t>& sizes) const {
  Shape shape = input.shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] >= 0) continue;
    const auto found = std::ranges::find(dimensions_, input.dimension_names[axis]);
    shape[axis] = sizes.at(static_cast<std::size_t>(found - dimensions_.begin()));
  }
  return shape;
}

void OndaSession::reserve(const std::vector<std::int64_t>& sizes) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const ValueInfo& input = session_.inputs()[i];
    const std::size_t bytes = byte_size(input.dtype, shape_of(input, sizes).element_count());
    if (buffers_[i].size() < bytes) buffers_[i].assign(bytes, std::byte{0});
  }
}

void OndaSession::run(const std::vector<std::int64_t>& sizes) {
  reserve(sizes);
  std::vector<NamedView> inputs;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const ValueInfo& input = session_.inputs()[i];
    const Shape shape = shape_of(input, sizes);
    const std::size_t bytes = byte_size(input.dtype, shape.element_count());
    inputs.push_back({input.name, TensorView(input.dtype, shape, std::span(buffers_[i]).first(bytes))});
  }
  static_cast<void>(session_.run(inputs));
}

}  // namespace onda::bench
