#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "onda/dtype.h"
#include "onda/error.h"
#include "onda/shape.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Each level includes those before it, and what is resolved agrees with what was declared.
void check_resolution(const onda::Shape& given, const onda::Shape& declared) {
  bool was_accepted = false;
  for (const auto policy :
       {onda::ShapePolicy::strict, onda::ShapePolicy::reshape, onda::ShapePolicy::broadcast}) {
    try {
      const std::size_t elements = given.element_count();
      const auto resolved = onda::resolve_shape(given, elements, declared, policy);
      was_accepted = true;
      require(resolved.shape.rank() == declared.rank());
      for (std::size_t axis = 0; axis < declared.rank(); ++axis) {
        require(declared[axis] == onda::Shape::kDynamic || declared[axis] == resolved.shape[axis]);
      }
      require(resolved.needs_broadcast == (resolved.shape.element_count() != elements));
    } catch (const onda::Error&) {
      require(!was_accepted);
    }
  }
}

}  // namespace

/// Two shapes as text, a line each; the first may also be a dtype.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  const std::string_view first = text.substr(0, end);
  const std::string_view second = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (const auto dtype = onda::parse_dtype(first)) require(onda::parse_dtype(to_string(*dtype)) == dtype);
  try {
    const onda::Shape given = onda::parse_shape(first);
    const onda::Shape declared = onda::parse_shape(second);
    require(onda::parse_shape(to_string(given)) == given);
    check_resolution(given, declared);
    static_cast<void>(onda::broadcast_shapes(given, declared));
  } catch (const onda::Error&) {
  }
  return 0;
}
