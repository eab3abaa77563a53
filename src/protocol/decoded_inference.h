#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "onda/session.h"
#include "onda/tensor.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {

/// A part of a shared-memory region that a tensor is in, or goes to.
struct RegionPart {
  std::shared_ptr<const serving::SharedMemoryRegion> region;
  std::uint64_t offset = 0;
  std::uint64_t byte_size = 0;
};

/// How one output is wanted.
struct WantedOutput {
  std::string_view name;
  /// Raw bytes behind the JSON (REST; gRPC answers are always raw).
  bool binary = false;
  /// `binary` was said for this output; else the request's default counts.
  bool has_own_encoding = false;
  /// The k best classes instead of the tensor; 0: the tensor.
  std::uint32_t classification = 0;
  std::optional<RegionPart> region = {};
};

/// Elements that a decoder had to make: text turned into numbers, strings, slices joined, what was read from
/// shared memory. Reused from request to request: blocks keep their memory until `shrink`.
class DecodedStorage {
 public:
  /// `bytes` uninitialised bytes, aligned to 64; valid until `clear`.
  [[nodiscard]] std::span<std::byte> allocate(std::size_t bytes);
  /// Room for `count` strings, empty ones; valid until `clear`.
  [[nodiscard]] std::span<std::string> allocate_strings(std::size_t count);
  void clear() noexcept;
  /// Clears, and gives back what is beyond `keep_bytes`.
  void shrink(std::size_t keep_bytes) noexcept;

 private:
  struct Block {
    std::unique_ptr<std::byte[]> memory;
    std::byte* bytes = nullptr;  // the first aligned one
    std::size_t capacity = 0;
    std::size_t used = 0;
    [[nodiscard]] std::span<std::byte> take(std::size_t size, std::size_t rounded) noexcept;
  };
  std::vector<Block> blocks_;
  std::vector<std::vector<std::string>> strings_;
  std::size_t used_strings_ = 0;
};

/// What a client's inference request says, whatever its encoding. Views point into the message and into
/// `storage`. Nothing is checked against the model but what decoding needs.
struct DecodedInference {
  std::string_view id;
  std::vector<NamedView> inputs;
  /// In the order asked for; none: all, `binary_by_default` each.
  std::vector<WantedOutput> outputs;
  bool binary_by_default = false;
  std::uint64_t priority = 0;
  std::uint64_t timeout_us = 0;
  DecodedStorage storage;

  /// Empty, with the memory kept.
  void clear() noexcept;
};

}  // namespace onda::protocol
