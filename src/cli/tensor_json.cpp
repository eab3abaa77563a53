#include "cli/tensor_json.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "cli/element.h"
#include "cli/suggestions.h"

namespace onda::cli {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "JSON: " + what);
}

template <class T>
T take(simdjson::simdjson_result<T> result) {
  if (result.error() != simdjson::SUCCESS) refuse(simdjson::error_message(result.error()));
  return std::move(result).value_unsafe();
}

/// "data[1][3]", from the counts of what was read before in each level.
std::string place_of(std::span<const std::int64_t> position) {
  std::string place = "data";
  for (const auto index : position) place += '[' + std::to_string(index) + ']';
  return place;
}

/// Reads nested lists into elements and finds out their shape on the way.
class ElementReader {
 public:
  explicit ElementReader(DType dtype) : elements_(dtype) {}

  void read(ondemand::value value) {
    if (first_byte(value) == '[') {
      read_list(value);
    } else if (elements_.dtype() == DType::string) {
      leaf();
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS)
        refuse(place_of(position_) + ": expected a string");
      strings_.emplace_back(text);
    } else {
      leaf();
      append(trimmed(value.raw_json_token()));
    }
  }

  void read_single(std::string_view token) {
    leaf();
    append(token);
  }

  void read_single_string(std::string_view text) {
    leaf();
    strings_.emplace_back(text);
  }

  /// `given` is the object's shape, where it has one.
  Tensor finish(const std::optional<Shape>& given) {
    const bool is_complex = elements_.dtype() == DType::complex64 || elements_.dtype() == DType::complex128;
    if (is_complex) {
      if (dims_.empty() || dims_.back() != 2) refuse("complex elements are pairs [re, im]");
      dims_.pop_back();
    }
    Shape shape{std::span<const std::int64_t>(dims_)};
    if (given && !(*given == shape)) {
      const bool is_flat = shape.rank() == 1 || shape.rank() == 0;
      if (!is_flat || given->element_count() != shape.element_count()) {
        throw Error(ErrorCode::shape_mismatch, "JSON: \"data\" has shape " + to_string(shape) +
                                                   ", but \"shape\" is " + to_string(*given));
      }
      shape = *given;
    }
    if (elements_.dtype() == DType::string) return Tensor::of_strings(std::move(shape), std::move(strings_));
    return Tensor::copy_of(TensorView(elements_.dtype(), std::move(shape), elements_.bytes()));
  }

 private:
  static char first_byte(ondemand::value& value) {
    const auto token = value.raw_json_token();
    return token.empty() ? '\0' : token.front();
  }

  void read_list(ondemand::value& value) {
    const std::size_t level = position_.size();
    if (level >= Shape::kMaxRank) refuse("lists are nested deeper than " + std::to_string(Shape::kMaxRank));
    if (leaf_level_ && level >= *leaf_level_)
      refuse(place_of(position_) + ": a list stands where others are elements");
    if (level == dims_.size()) {
      // An empty list at this depth was the first of its kind: there are no elements below it, and so no more
      // levels.
      if (ended_level_ && level >= *ended_level_) refuse(place_of(position_) + ": lists differ in depth");
      dims_.push_back(-1);
    }
    position_.push_back(0);
    for (auto item : take(value.get_array())) {
      read(take(std::move(item)));
      ++position_.back();
    }
    const std::int64_t count = position_.back();
    position_.pop_back();
    if (dims_[level] < 0) {
      dims_[level] = count;
      if (count == 0) ended_level_ = level + 1;
    } else if (dims_[level] != count) {
      refuse(place_of(position_) + ": has " + std::to_string(count) + " items, those before it " +
             std::to_string(dims_[level]));
    }
  }

  void leaf() {
    if (!leaf_level_) leaf_level_ = position_.size();
    const std::size_t level = position_.size();
    if (*leaf_level_ != level || dims_.size() != level)
      refuse(place_of(position_) + ": lists differ in depth");
  }

  void append(std::string_view token) {
    if (token.empty()) refuse(place_of(position_) + ": the text ends where an element is expected");
    try {
      elements_.append(token);
    } catch (const Error& error) {
      throw error.with_context("JSON: " + place_of(position_));
    }
  }

  ElementBuffer elements_;
  std::vector<std::string> strings_;
  std::vector<std::int64_t> dims_;
  std::vector<std::int64_t> position_;
  std::optional<std::size_t> leaf_level_;
  std::optional<std::size_t> ended_level_;
};

DType settle_dtype(std::optional<DType> written, std::optional<DType> declared, bool is_text) {
  if (written && declared && *written != *declared) {
    throw Error(ErrorCode::type_mismatch, "JSON: \"dtype\" is " + std::string(to_string(*written)) +
                                              ", the model takes " + std::string(to_string(*declared)));
  }
  if (written) return *written;
  if (declared) return *declared;
  return is_text ? DType::string : DType::float32;
}

/// Whether the first character that opens no list is a quotation mark.
bool begins_with_text(std::string_view json) {
  const auto first = json.find_first_not_of(" \t\r\n[");
  return first != std::string_view::npos && json[first] == '"';
}

Shape read_shape(ondemand::value value) {
  std::vector<std::int64_t> dims;
  for (auto item : take(value.get_array())) {
    std::int64_t dim = 0;
    if (take(std::move(item)).get_int64().get(dim) != simdjson::SUCCESS || dim < 0) {
      refuse("\"shape\": expected whole numbers of at least 0");
    }
    if (dims.size() == Shape::kMaxRank)
      refuse("\"shape\" has more than " + std::to_string(dims.size()) + " dimensions");
    dims.push_back(dim);
  }
  return Shape(std::span<const std::int64_t>(dims));
}

struct Header {
  std::optional<Shape> shape;
  std::optional<DType> dtype;
  bool has_data = false;
  bool is_text = false;
};

Header read_header(ondemand::object object) {
  Header header;
  const std::vector<std::string> known = {"data", "shape", "dtype", "name"};
  for (auto item : object) {
    auto field = take(std::move(item));
    const std::string key(take(field.unescaped_key()));
    if (key == "shape") {
      header.shape = read_shape(field.value());
    } else if (key == "dtype") {
      std::string_view text;
      if (field.value().get_string().get(text) != simdjson::SUCCESS) refuse("\"dtype\": expected a string");
      header.dtype = parse_dtype(text);
      if (!header.dtype) refuse("\"dtype\": no type is called " + std::string(text));
    } else if (key == "data") {
      if (header.has_data) refuse("\"data\" stands there twice");
      header.has_data = true;
      header.is_text = trimmed(field.value().raw_json_token()).starts_with('"');
    } else if (key != "name") {
      refuse("unknown key \"" + key + "\"" + did_you_mean(key, known) +
             " (known are data, shape, dtype and name)");
    }
  }
  if (!header.has_data) refuse("\"data\" is missing");
  return header;
}

void require_end(ondemand::document& document) {
  // The location is out of bounds once everything was read.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    refuse("something stands behind the tensor");
}

Tensor read_object(ondemand::document& document, std::optional<DType> declared) {
  const Header header = read_header(take(document.get_object()));
  require_end(document);
  ElementReader reader(settle_dtype(header.dtype, declared, header.is_text));
  // The second pass knows the dtype, wherever it stood.
  document.rewind();
  for (auto item : take(document.get_object())) {
    auto field = take(std::move(item));
    if (take(field.unescaped_key()) == "data") reader.read(field.value());
  }
  return reader.finish(header.shape);
}

}  // namespace

Tensor read_tensor_json(std::span<const std::byte> text, std::optional<DType> declared) {
  const std::string_view json = trimmed({reinterpret_cast<const char*>(text.data()), text.size()});
  if (json.empty()) refuse("the text is empty");
  // simdjson counts positions in 32 bits.
  if (json.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::resource_exhausted, "JSON: more than 4 GB of text; use .npy");
  }
  // A copy, because simdjson reads past the end of what it is given.
  const simdjson::padded_string padded(json);
  ondemand::parser parser;
  auto document = take(parser.iterate(padded));
  if (json.front() == '{') return read_object(document, declared);

  ElementReader reader(settle_dtype(std::nullopt, declared, begins_with_text(json)));
  if (json.front() == '[') {
    reader.read(take(document.get_value()));
    require_end(document);
  } else if (json.front() == '"') {
    reader.read_single_string(take(document.get_string()));
    require_end(document);
  } else {
    reader.read_single(json);
  }
  return reader.finish(std::nullopt);
}

namespace {

void write_level(JsonWriter& json, const TensorView& tensor, std::size_t axis, std::size_t& next,
                 std::string& text) {
  const auto& shape = tensor.shape();
  if (axis == shape.rank()) {
    text.clear();
    append_element(text, tensor, next++);
    json.raw(text);
    return;
  }
  if (axis + 1 == shape.rank()) {
    json.begin_row();
  } else {
    json.begin_array();
  }
  for (std::int64_t i = 0; i < shape[axis]; ++i) write_level(json, tensor, axis + 1, next, text);
  json.end_array();
}

}  // namespace

void write_elements(JsonWriter& json, const TensorView& tensor) {
  std::size_t next = 0;
  std::string text;
  write_level(json, tensor, 0, next, text);
}

void write_tensor_json(JsonWriter& json, std::string_view name, const TensorView& tensor) {
  json.begin_object();
  if (!name.empty()) json.member("name", name);
  json.member("dtype", to_string(tensor.dtype()));
  json.key("shape").begin_row();
  for (const auto dim : tensor.shape().dims()) json.value(dim);
  json.end_array();
  json.key("data");
  write_elements(json, tensor);
  json.end_object();
}

}  // namespace onda::cli
