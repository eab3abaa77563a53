#include "server/grpc_poster.h"

#include <chrono>
#include <utility>

namespace onda::server {

void GrpcPoster::post(GrpcPosted& work) noexcept {
  const std::scoped_lock lock(mutex_);
  work.next_ = nullptr;
  if (first_ != nullptr) {
    last_->next_ = &work;
    last_ = &work;
    return;
  }
  first_ = last_ = &work;
  // Whatever is posted until the queue's thread comes for it goes with it.
  alarm_.Set(&queue_, std::chrono::system_clock::now(), tag(*this));
}

void GrpcPoster::on_event(bool) noexcept {
  GrpcPosted* next = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    next = std::exchange(first_, nullptr);
  }
  while (next != nullptr) std::exchange(next, next->next_)->run();
}

}  // namespace onda::server
