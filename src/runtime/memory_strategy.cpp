#include "onda/memory_strategy.h"

namespace onda {

std::string_view to_string(MemoryStrategy strategy) noexcept {
  switch (strategy) {
    case MemoryStrategy::recycling:
      return "recycling";
    case MemoryStrategy::arena:
      return "arena";
    case MemoryStrategy::system:
      return "system";
  }
  return "unknown";
}

}  // namespace onda
