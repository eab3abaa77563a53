#include "base/digest.h"

// The one-algorithm calls of OpenSSL 1.1: those of 3.x start a provider and read the system's configuration.
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace onda::base {

struct Sha256::State {
  SHA256_CTX context{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
  return *this;
}

Sha256& Sha256::update(std::string_view text) { return update(std::as_bytes(std::span(text))); }

Sha256::Value Sha256::finish() {
  Value value{};
  SHA256_Final(reinterpret_cast<unsigned char*>(value.data()), &state_->context);
  SHA256_Init(&state_->context);
  return value;
}

Sha256::Value Sha256::of(std::span<const std::byte> bytes) { return Sha256().update(bytes).finish(); }

struct Xxh3::State {
  // Holds its own alignment of 64 bytes.
  XXH3_state_t state{};
};

namespace {

/// Big-endian, as the xxHash project prints it, so that values do not depend on the machine.
Xxh3::Value canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes{};
  XXH128_canonicalFromHash(&bytes, hash);
  Xxh3::Value value{};
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<std::byte>(bytes.digest[i]);
  return value;
}

}  // namespace

Xxh3::Xxh3() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->state); }
Xxh3::Xxh3(Xxh3&&) noexcept = default;
Xxh3& Xxh3::operator=(Xxh3&&) noexcept = default;
Xxh3::~Xxh3() = default;

Xxh3& Xxh3::update(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_128bits_update(&state_->state, bytes.data(), bytes.size());
  return *this;
}

Xxh3::Value Xxh3::finish() {
  const Value value = canonical(XXH3_128bits_digest(&state_->state));
  XXH3_128bits_reset(&state_->state);
  return value;
}

Xxh3::Value Xxh3::of(std::span<const std::byte> bytes) {
  return canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte >> 4)];
    text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace onda::base
