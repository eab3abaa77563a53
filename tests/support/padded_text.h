#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace onda::test {

/// A body as the server hands it out: readable bytes follow it. They look like more of it, so that a reader
/// which goes too far is found out.
class PaddedText {
 public:
  explicit PaddedText(std::string text, char padding = '7') : text_(std::move(text)), size_(text_.size()) {
    text_.append(64, padding);
  }

  [[nodiscard]] std::string_view text() const noexcept { return std::string_view(text_).substr(0, size_); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return std::as_bytes(std::span(text_)).first(size_);
  }

 private:
  std::string text_;
  std::size_t size_;
};

}  // namespace onda::test
