#include "server/connection_thread.h"

#include <utility>

#include "server/connection.h"

namespace onda::server {

ConnectionThread::ConnectionThread(std::string name, std::chrono::milliseconds tick)
    : name_(std::move(name)), tick_(tick) {}

ConnectionThread::~ConnectionThread() { stop(); }

void ConnectionThread::start() {
  thread_ = std::thread([this] { loop_.run(*this, {.name = name_.c_str(), .tick = tick_}); });
}

void ConnectionThread::stop() noexcept {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void ConnectionThread::adopt(std::unique_ptr<Connection> connection) noexcept {
  load_.fetch_add(1, std::memory_order_relaxed);
  arrive(std::move(connection));
}

void ConnectionThread::arrive(std::unique_ptr<Connection> connection) noexcept {
  Connection& arrived = *connection;
  arrived.set_place(connections_.size());
  connections_.push_back(std::move(connection));
  arrived.on_arrival(*this);
}

std::unique_ptr<Connection> ConnectionThread::take_out(Connection& connection) noexcept {
  const std::size_t place = connection.place();
  std::unique_ptr<Connection> taken = std::move(connections_[place]);
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->set_place(place);
  }
  connections_.pop_back();
  load_.fetch_sub(1, std::memory_order_relaxed);
  return taken;
}

void ConnectionThread::hand_over(Connection& connection, ConnectionThread& to) noexcept {
  std::unique_ptr<Connection> leaving = take_out(connection);
  to.load_.fetch_add(1, std::memory_order_relaxed);
  leaving.release()->go_to(to);
}

void ConnectionThread::bury(Connection& connection) noexcept { buried_.push_back(take_out(connection)); }

bool ConnectionThread::on_turn() noexcept {
  buried_.clear();
  return !connections_.empty() || !later_.empty();
}

void ConnectionThread::each(void (Connection::*call)() noexcept) noexcept {
  // From behind: a call may bury its connection, whose place the last one takes.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) (connections_[i].get()->*call)();
  }
}

void ConnectionThread::run_later(LoopTask& task) { later_.push_back(&task); }

void ConnectionThread::forget(LoopTask& task) noexcept { std::erase(later_, &task); }

void ConnectionThread::on_tick(EventLoop::Clock::time_point) noexcept {
  each(&Connection::on_tick);
  for (LoopTask* task : std::exchange(later_, {})) task->run();
}

}  // namespace onda::server
