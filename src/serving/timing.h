#pragma once

#include <chrono>
#include <memory>

namespace onda::serving {

/// A call at a time to come. Set anew from any thread, from within a call too; the destructor waits for a
/// call that is under way, so it is not to be run by one.
class Alarm {
 public:
  using Point = std::chrono::steady_clock::time_point;
  virtual ~Alarm() = default;
  /// Instead of what was set before; `Point::max()` for never.
  virtual void set(Point when) noexcept = 0;
};

/// Where the time comes from. Tests have one that is moved by hand.
class Timing {
 public:
  using Point = std::chrono::steady_clock::time_point;
  virtual ~Timing() = default;
  [[nodiscard]] virtual Point now() const noexcept = 0;
  /// `call` gets `self`, on a thread of the timing's that holds no lock then, so it may take locks under
  /// which others set alarms. It must not block for long: all alarms share the thread. Not set at first.
  [[nodiscard]] virtual std::unique_ptr<Alarm> make_alarm(void (*call)(void* self) noexcept, void* self) = 0;
};

}  // namespace onda::serving
