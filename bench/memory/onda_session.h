#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "onda/session.h"

namespace onda::bench {

struct OndaSettings {
  MemoryStrategy strategy = MemoryStrategy::recycling;
  std::string cache = {};  ///< a directory with the prepared model; empty: the plain one
  bool huge_pages = false;
};

/// A session of Onda's with two threads whose inputs are all zeros, in the same use as `PlainSession`.
class OndaSession {
 public:
  OndaSession(const std::string& model, const OndaSettings& settings);
  void reserve(const std::vector<std::int64_t>& sizes);
  void run(const std::vector<std::int64_t>& sizes);
  [[nodiscard]] const Runtime& runtime() const { return runtime_; }

 private:
  [[nodiscard]] Shape shape_of(const ValueInfo& input, const std::vector<std::int64_t>& sizes) const;

  Runtime runtime_;
  Session session_;
  std::vector<std::string> dimensions_;
  std::vector<std::vector<std::byte>> buffers_;
};

}  // namespace onda::bench
