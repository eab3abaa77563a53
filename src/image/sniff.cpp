#include <algorithm>
#include <array>

#include "onda/preprocess.h"

namespace onda {
namespace {

bool has_at(std::span<const std::byte> bytes, std::size_t offset, std::span<const unsigned char> signature) {
  if (bytes.size() < offset + signature.size()) return false;
  return std::equal(signature.begin(), signature.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

constexpr std::array<unsigned char, 3> kJpeg = {0xFF, 0xD8, 0xFF};
constexpr std::array<unsigned char, 8> kPng = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr std::array<unsigned char, 4> kRiff = {'R', 'I', 'F', 'F'};
constexpr std::array<unsigned char, 4> kWebp = {'W', 'E', 'B', 'P'};

}  // namespace

std::optional<ImageFormat> sniff_image(std::span<const std::byte> bytes) noexcept {
  if (has_at(bytes, 0, kJpeg)) return ImageFormat::jpeg;
  if (has_at(bytes, 0, kPng)) return ImageFormat::png;
  if (has_at(bytes, 0, kRiff) && has_at(bytes, 8, kWebp)) return ImageFormat::webp;
  return std::nullopt;
}

}  // namespace onda
