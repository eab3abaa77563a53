#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include "base/descriptor_posix.h"
#include "onda/error.h"
#include "server/event_loop.h"

namespace onda::server {
namespace {

// Which loop the thread runs, if any.
thread_local const EventLoop* current_loop = nullptr;

constexpr std::size_t kEventsATurn = 128;

Error system_error(ErrorCode code, const char* what) {
  return Error(code, std::string(what) + ": " + std::generic_category().message(errno));
}

}  // namespace

class EventLoop::Descriptors {
 public:
  Descriptors() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!epoll_.is_open() || !wake_.is_open()) {
      throw system_error(ErrorCode::unavailable, "cannot make an event loop");
    }
    // Edge-triggered, so that each write tells anew and nobody has to read it.
    add(wake_.number(), EPOLLIN | EPOLLET, nullptr);
  }

  void add(int descriptor, std::uint32_t events, Watcher* watcher) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
      throw system_error(ErrorCode::resource_exhausted, "cannot watch a socket");
    }
  }
  void remove(int descriptor) noexcept { epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, descriptor, nullptr); }

  int wait(int timeout_ms) noexcept {
    return epoll_wait(epoll_.number(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  }
  [[nodiscard]] const epoll_event& event(int index) const noexcept {
    return events_[static_cast<std::size_t>(index)];
  }

  void wake() noexcept {
    const std::uint64_t one = 1;
    // It fails only where the counter is full, and then the thread is being woken.
    [[maybe_unused]] const ssize_t written = write(wake_.number(), &one, sizeof one);
  }

 private:
  base::Descriptor epoll_;
  base::Descriptor wake_;
  std::array<epoll_event, kEventsATurn> events_;
};

EventLoop::EventLoop() : descriptors_(std::make_unique<Descriptors>()) {}

EventLoop::~EventLoop() = default;

bool EventLoop::is_current() const noexcept { return current_loop == this; }

void EventLoop::watch(int descriptor, Watcher& watcher) {
  // Registered once, for all that it could ever be ready for: no further call to the kernel is needed.
  descriptors_->add(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &watcher);
}

void EventLoop::unwatch(int descriptor) noexcept { descriptors_->remove(descriptor); }

void EventLoop::post(LoopTask& task) noexcept {
  LoopTask* first = posted_.load(std::memory_order_relaxed);
  do {
    task.next_ = first;
  } while (!posted_.compare_exchange_weak(first, &task));
  if (is_waiting_.load() && is_waiting_.exchange(false)) descriptors_->wake();
}

void EventLoop::stop() noexcept {
  is_stopping_.store(true);
  descriptors_->wake();
}

void EventLoop::run_tasks() noexcept {
  // What these post is run in the next turn: events get between.
  LoopTask* last = posted_.exchange(nullptr);
  LoopTask* first = nullptr;
  while (last != nullptr) {
    LoopTask* next = last->next_;
    last->next_ = first;
    first = last;
    last = next;
  }
  while (first != nullptr) {
    // It may be posted again, or be gone, from its run on.
    LoopTask& task = *first;
    first = task.next_;
    task.run();
  }
}

void EventLoop::handle_events(int timeout_ms) noexcept {
  is_waiting_.store(true);
  if (posted_.load() != nullptr || is_stopping_.load()) timeout_ms = 0;
  const int count = descriptors_->wait(timeout_ms);
  is_waiting_.store(false, std::memory_order_relaxed);
  now_ = Clock::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = descriptors_->event(i);
    if (event.data.ptr == nullptr) continue;
    const Readiness readiness{.readable = (event.events & EPOLLIN) != 0,
                              .writable = (event.events & EPOLLOUT) != 0,
                              .ended = (event.events & EPOLLRDHUP) != 0,
                              .broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0};
    static_cast<Watcher*>(event.data.ptr)->on_ready(readiness);
  }
}

void EventLoop::run(Turn& turn, const RunOptions& options) noexcept {
  current_loop = this;
  prctl(PR_SET_NAME, options.name);
  now_ = Clock::now();
  bool has_ticks = false;
  Clock::time_point next_tick{};
  for (;;) {
    run_tasks();
    const bool wants_ticks = turn.on_turn();
    if (wants_ticks && !has_ticks) next_tick = now_ + options.tick;
    has_ticks = wants_ticks;
    if (is_stopping_.load() && posted_.load() == nullptr) break;
    int timeout_ms = -1;
    if (has_ticks) {
      // Rounded up: a wait that ends before the tick would be followed by others of no length.
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick - now_).count();
      timeout_ms = static_cast<int>(std::max<decltype(left)>(left, 0));
    }
    handle_events(timeout_ms);
    if (has_ticks && now_ >= next_tick) {
      next_tick = now_ + options.tick;
      turn.on_tick(now_);
    }
  }
  current_loop = nullptr;
}

}  // namespace onda::server
