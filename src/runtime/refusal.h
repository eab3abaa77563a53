#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace onda::runtime {

/// What the registered allocator was asked for and did not give.
struct Refusal {
  std::size_t bytes = 0;
  std::uint64_t budget_bytes = 0;  ///< 0: no budget, so the system refused
  std::uint64_t held_bytes = 0;    ///< of the allocator, when it was refused

  /// "98.0 MB more were needed …": in Onda's words, for an error's message.
  [[nodiscard]] std::string text() const;
};

/// Notes a refusal for those who watch. Any thread.
void note_refusal(const Refusal& refusal) noexcept;

/// Tells whether a call of ONNX Runtime met a refusal since this was made: its status does not tell in a way
/// that could be relied on. Stays on one thread.
class RefusalWatch {
 public:
  enum class Scope {
    thread,   ///< refusals on this thread: ONNX Runtime allocates on the calling one
    process,  ///< on any thread: under parallel execution; another session's may be taken for one's own
  };
  explicit RefusalWatch(Scope scope) noexcept;

  [[nodiscard]] std::optional<Refusal> seen() const noexcept;

 private:
  Scope scope_;
  std::uint64_t before_;
};

}  // namespace onda::runtime
