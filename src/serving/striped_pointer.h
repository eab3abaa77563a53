#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <utility>

#include "telemetry/stripe.h"

namespace onda::serving {

/// A shared pointer that many threads read and few replace. Each stripe has a reference count of its own, in
/// a cache line of its own, so that readers on different threads do not wait for each other. Safe from any
/// thread.
template <class T>
class StripedPointer {
 public:
  StripedPointer() = default;
  explicit StripedPointer(std::shared_ptr<T> pointer) { store(std::move(pointer)); }
  StripedPointer(const StripedPointer&) = delete;
  StripedPointer& operator=(const StripedPointer&) = delete;
  ~StripedPointer() = default;

  /// What was stored last; null where nothing was. It keeps the object, on the count of the calling thread's
  /// stripe: `use_count` tells nothing of other stripes.
  [[nodiscard]] std::shared_ptr<T> load() const noexcept {
    const Stripe& stripe = stripes_[telemetry::stripe()];
    const std::scoped_lock lock(stripe.mutex);
    return stripe.pointer;
  }

  /// A reader may see the old one until this returns, and on another thread than one that has seen the new
  /// one. The old one is let go of after all stripes have the new one, outside all locks. Throws
  /// std::bad_alloc; nothing has changed then.
  void store(std::shared_ptr<T> pointer) {
    Pointers pointers;
    if (pointer != nullptr) {
      for (auto& made : pointers) {
        auto hold = std::make_shared<Hold>();
        hold->pointer = pointer;
        made = std::shared_ptr<T>(std::move(hold), pointer.get());
      }
    }
    // One store at a time, or the stripes could end up with different pointers. `pointers`, which has the old
    // ones then, is destroyed after the lock.
    const std::scoped_lock storing(store_mutex_);
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      const std::scoped_lock lock(stripes_[i].mutex);
      stripes_[i].pointer.swap(pointers[i]);
    }
  }

 private:
  using Pointers = std::array<std::shared_ptr<T>, telemetry::kStripes>;

  // Its alignment is that of the control block which std::make_shared puts in front of it.
  struct alignas(telemetry::kCacheLineBytes) Hold {
    std::shared_ptr<T> pointer;
  };

  struct alignas(telemetry::kCacheLineBytes) Stripe {
    mutable std::mutex mutex;
    std::shared_ptr<T> pointer;  // guarded by mutex
  };

  std::mutex store_mutex_;
  std::array<Stripe, telemetry::kStripes> stripes_;
};

}  // namespace onda::serving
