#include "protocol/decoded_inference.h"

#include <algorithm>
#include <new>

namespace onda::protocol {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmallestBlock = 4096;

}  // namespace

std::span<std::byte> DecodedStorage::allocate(std::size_t bytes) {
  // Nothing larger could be held anyway, and the sums below cannot overflow.
  if (bytes > std::size_t{1} << 48U) throw std::bad_alloc();
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::size_t total = 0;
  for (Block& block : blocks_) {
    if (block.capacity - block.used >= rounded) return block.take(bytes, rounded);
    total += block.capacity;
  }
  // As much as there was before, so that blocks stay few while the requests of a connection grow.
  Block block;
  block.capacity = std::max({rounded, total, kSmallestBlock});
  block.memory = std::make_unique_for_overwrite<std::byte[]>(block.capacity + kAlignment - 1);
  void* start = block.memory.get();
  std::size_t space = block.capacity + kAlignment - 1;
  block.bytes = static_cast<std::byte*>(std::align(kAlignment, block.capacity, start, space));
  blocks_.push_back(std::move(block));
  return blocks_.back().take(bytes, rounded);
}

std::span<std::byte> DecodedStorage::Block::take(std::size_t size, std::size_t rounded) noexcept {
  std::byte* const start = bytes + used;
  used += rounded;
  return {start, size};
}

std::span<std::string> DecodedStorage::allocate_strings(std::size_t count) {
  if (used_strings_ == strings_.size()) strings_.emplace_back();
  auto& strings = strings_[used_strings_];
  strings.resize(count);
  for (std::string& text : strings) text.clear();
  ++used_strings_;
  return strings;
}

void DecodedStorage::clear() noexcept {
  for (Block& block : blocks_) block.used = 0;
  used_strings_ = 0;
}

void DecodedStorage::shrink(std::size_t keep_bytes) noexcept {
  clear();
  std::size_t kept = 0;
  std::erase_if(blocks_, [&](const Block& block) {
    if (block.capacity > keep_bytes - kept) return true;
    kept += block.capacity;
    return false;
  });
  std::erase_if(strings_, [&](const std::vector<std::string>& strings) {
    std::size_t bytes = strings.capacity() * sizeof(std::string);
    for (const std::string& text : strings) bytes += text.capacity();
    if (bytes > keep_bytes - kept) return true;
    kept += bytes;
    return false;
  });
}

void DecodedInference::clear() noexcept {
  id = {};
  inputs.clear();
  outputs.clear();
  binary_by_default = false;
  priority = 0;
  timeout_us = 0;
  storage.clear();
}

}  // namespace onda::protocol
