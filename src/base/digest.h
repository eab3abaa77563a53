#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace onda::base {

/// SHA-256: names what comes from outside, where a made collision would swap one model's answers for
/// another's.
class Sha256 {
 public:
  using Value = std::array<std::byte, 32>;
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);
  [[nodiscard]] Value finish();
  static Value of(std::span<const std::byte> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// XXH3, 128 bits: finds accidental damage in what Onda wrote itself, at memory speed. No guard against
/// intent.
class Xxh3 {
 public:
  using Value = std::array<std::byte, 16>;
  Xxh3();
  Xxh3(Xxh3&&) noexcept;
  Xxh3& operator=(Xxh3&&) noexcept;
  ~Xxh3();
  Xxh3& update(std::span<const std::byte> bytes);
  [[nodiscard]] Value finish();
  static Value of(std::span<const std::byte> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

}  // namespace onda::base
