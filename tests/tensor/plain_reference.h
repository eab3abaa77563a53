#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "onda/shape.h"

/// NumPy's broadcasting in the plainest words, to compare with. Shares no code with src/.
namespace onda::test {

using Dims = std::vector<std::int64_t>;

inline Shape shape_of(const Dims& dims) { return Shape(std::span<const std::int64_t>(dims)); }

/// The dimension of `dims` that stands `from_right` places from the right; 1 where there is none.
inline std::int64_t from_right(const Dims& dims, std::size_t place) {
  return place < dims.size() ? dims[dims.size() - 1 - place] : 1;
}

inline std::optional<Dims> plain_common_shape(const Dims& a, const Dims& b) {
  Dims common;
  for (std::size_t place = 0; place < std::max(a.size(), b.size()); ++place) {
    const auto x = from_right(a, place);
    const auto y = from_right(b, place);
    if (x != y && x != 1 && y != 1) return std::nullopt;
    common.insert(common.begin(), x == 1 ? y : x);
  }
  return common;
}

/// For each element of the target, in C order, which element of the source it is.
inline std::vector<std::size_t> plain_origins(const Dims& source, const Dims& target) {
  std::size_t count = 1;
  for (const auto dim : target) count *= static_cast<std::size_t>(dim);
  std::vector<std::size_t> origins;
  for (std::size_t flat = 0; flat < count; ++flat) {
    std::size_t rest = flat;
    std::size_t origin = 0;
    std::size_t stride = 1;
    for (std::size_t place = 0; place < target.size(); ++place) {
      const auto size = static_cast<std::size_t>(from_right(target, place));
      const std::size_t coordinate = rest % size;
      rest /= size;
      const auto own = static_cast<std::size_t>(from_right(source, place));
      origin += (own == 1 ? 0 : coordinate) * stride;
      stride *= own;
    }
    origins.push_back(origin);
  }
  return origins;
}

/// A shape of up to `max_rank` dimensions, mostly small, with 0, 1 and primes among them.
inline Dims random_dims(std::mt19937& random, std::size_t max_rank) {
  constexpr std::int64_t kChoices[] = {0, 1, 1, 1, 2, 3, 4, 5, 7};
  Dims dims(std::uniform_int_distribution<std::size_t>(0, max_rank)(random));
  for (auto& dim : dims)
    dim = kChoices[std::uniform_int_distribution<std::size_t>(0, std::size(kChoices) - 1)(random)];
  return dims;
}

/// `target` with some dimensions made 1 and some leading ones left out: what broadcasts to it.
inline Dims random_source_for(std::mt19937& random, const Dims& target) {
  std::uniform_int_distribution<int> coin(0, 1);
  Dims source = target;
  for (auto& dim : source) {
    if (coin(random) == 0) dim = 1;
  }
  const auto dropped = std::uniform_int_distribution<std::ptrdiff_t>(0, std::ssize(source))(random);
  source.erase(source.begin(), source.begin() + dropped);
  return source;
}

}  // namespace onda::test
