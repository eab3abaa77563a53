#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/event_loop.h"

namespace onda::server {

class Connection;

/// A thread with a loop, and the connections that it serves.
class ConnectionThread final : private EventLoop::Turn {
 public:
  /// `tick` is how often it looks for what has taken too long. Not running yet.
  ConnectionThread(std::string name, std::chrono::milliseconds tick);
  ConnectionThread(const ConnectionThread&) = delete;
  ConnectionThread& operator=(const ConnectionThread&) = delete;
  ~ConnectionThread();

  /// Throws std::system_error where there is no thread for it.
  void start();
  /// Waits for the thread. There must be no connections left.
  void stop() noexcept;

  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
  /// Connections that it has or was given. From any thread.
  [[nodiscard]] std::size_t load() const noexcept { return load_.load(std::memory_order_relaxed); }

  // On its own thread:
  /// Takes a new connection.
  void adopt(std::unique_ptr<Connection> connection) noexcept;
  /// Lets a connection go to another thread, which serves it from then on: it is not to be touched any more.
  void hand_over(Connection& connection, ConnectionThread& to) noexcept;
  /// Takes a connection that was handed over.
  void arrive(std::unique_ptr<Connection> connection) noexcept;
  /// The connection is over; destroyed when nothing on the stack can refer to it any more.
  void bury(Connection& connection) noexcept;
  void each(void (Connection::*call)() noexcept) noexcept;
  /// Runs the task at the next tick.
  void run_later(LoopTask& task);
  /// Does not run it.
  void forget(LoopTask& task) noexcept;

 private:
  bool on_turn() noexcept override;
  void on_tick(EventLoop::Clock::time_point now) noexcept override;
  std::unique_ptr<Connection> take_out(Connection& connection) noexcept;

  const std::string name_;
  const std::chrono::milliseconds tick_;
  EventLoop loop_;
  std::atomic<std::size_t> load_{0};
  // Its own thread's.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> buried_;
  std::vector<LoopTask*> later_;
  std::thread thread_;
};

}  // namespace onda::server
