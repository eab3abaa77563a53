#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/rest_api.h"
#include "protocol/rest_route.h"
#include "server/connection_context.h"
#include "server/event_loop.h"
#include "server/http_answer.h"
#include "server/http_request_reader.h"
#include "server/inference_exchange.h"
#include "server/listener.h"
#include "server/read_buffer.h"
#include "server/response_writer.h"
#include "serving/worker_pool.h"

namespace onda::server {

/// One client's connection: reads its requests, has them answered one after the other, and sends the answers.
///
/// It is one thread's at a time: inference on an I/O thread, all else on the control thread, to and from
/// which it goes as its requests ask for. What takes long is done by workers meanwhile; the connection lives
/// until they are back.
class Connection final : private Watcher, public InferenceExchange::Owner {
 public:
  enum class Service { api, metrics };

  /// `refuses`: its one answer is that there are too many.
  Connection(AcceptedConnection accepted, Service service, bool refuses, ConnectionContext& context);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // For its thread:
  void set_place(std::size_t place) noexcept { place_ = place; }
  [[nodiscard]] std::size_t place() const noexcept { return place_; }
  /// It is with that thread now, and goes on.
  void on_arrival(ConnectionThread& thread) noexcept;
  /// It has left its thread for that one; it owns itself until it arrives.
  void go_to(ConnectionThread& thread) noexcept;
  void on_tick() noexcept;
  /// A shutdown begins: a request that is on its way may still come, and then the connection ends.
  void on_drain() noexcept;
  /// It ends now; what runs is cancelled.
  void close() noexcept;

 private:
  enum class State {
    reading,    // a request, or waiting for one
    away,       // a worker or the scheduler has the request
    writing,    // the peer takes the answer slowly
    lingering,  // all is sent; what the peer still sends is thrown away, so that it gets to read the answer
    closed
  };
  /// What a worker does for the connection.
  enum class Work { none, decode, encode, administer };
  /// What is waited for while reading; each has its time limit.
  enum class Wait { none, request, head, body };

  class BackTask final : public LoopTask {
   public:
    explicit BackTask(Connection& connection) noexcept : connection_(connection) {}
    void run() noexcept override { connection_.on_back(); }

   private:
    Connection& connection_;
  };
  class AgainTask final : public LoopTask {
   public:
    explicit AgainTask(Connection& connection) noexcept : connection_(connection) {}
    void run() noexcept override { connection_.on_again(); }

   private:
    Connection& connection_;
  };
  class ArrivalTask final : public LoopTask {
   public:
    explicit ArrivalTask(Connection& connection) noexcept : connection_(connection) {}
    void run() noexcept override { connection_.arrive(); }

   private:
    Connection& connection_;
  };
  class WorkTask final : public serving::Task {
   public:
    explicit WorkTask(Connection& connection) noexcept : connection_(connection) {}
    void run() noexcept override { connection_.work(); }

   private:
    Connection& connection_;
  };

  /// A client that is slower than this in the time allowed is given up.
  static constexpr std::size_t kProgressBytes = 16384;

  void on_ready(Readiness readiness) noexcept override;
  [[nodiscard]] bool is_on_its_thread() const noexcept override;
  void on_inference_complete() noexcept override;

  // Reading.
  void serve() noexcept;
  void serve_requests();
  [[nodiscard]] bool begin_request();
  [[nodiscard]] ConnectionThread& thread_for(const protocol::Route& route) noexcept;
  [[nodiscard]] bool accept_body();
  [[nodiscard]] bool reserve(std::size_t bytes);
  [[nodiscard]] bool fill();
  void wait_for_more() noexcept;
  void serve_again() noexcept;
  void refuse(int status, std::string_view message);

  // Answering.
  void answer_request();
  void answer_inference();
  void run_decoded();
  void complete();
  void answer_plainly();
  void answer_metrics();
  void send_away(Work work, serving::WorkerPool& pool) noexcept;
  void work() noexcept;
  void on_back() noexcept;
  void come_back();
  void on_again() noexcept;
  void arrive() noexcept;

  // Writing.
  void send(const HttpAnswer& answer);
  void send_rest();
  void continue_writing();
  void finish_answer();
  void end() noexcept;
  void throw_away_input() noexcept;
  [[nodiscard]] bool send_interim() noexcept;

  void on_timeout() noexcept;
  void ask_half_closed() noexcept;
  void give_back_memory() noexcept;
  [[nodiscard]] EventLoop::Clock::time_point now() const noexcept;

  ConnectionContext& context_;
  ConnectionThread* thread_ = nullptr;
  Socket socket_;
  const Service service_;
  const bool is_local_peer_;
  bool refuses_;
  std::size_t place_ = 0;

  State state_ = State::reading;
  Work work_ = Work::none;
  Wait wait_ = Wait::none;
  bool may_read_ = false;      // not read until it would block since it was told readable
  bool is_ended_ = false;      // the peer sends nothing more
  bool is_asked_ = false;      // an ended peer was sent something that tells whether it is gone
  bool is_head_new_ = false;   // `begin_request` is to come
  bool is_submitted_ = false;  // the scheduler has the request
  bool is_again_posted_ = false;
  bool keeps_alive_ = true;
  bool is_head_request_ = false;  // only the head of its answer is sent
  bool is_unread_ = false;        // the request was answered before all of it was read
  EventLoop::Clock::time_point deadline_ = EventLoop::Clock::time_point::max();
  EventLoop::Clock::time_point ended_at_;
  std::size_t progress_ = 0;    // bytes when the deadline was set
  unsigned rest_ticks_ = 0;     // without a request
  std::size_t read_bytes_ = 0;  // in this turn

  ReadBuffer buffer_;
  std::uint64_t inflight_bytes_ = 0;  // taken for the request
  std::uint64_t kept_bytes_ = 0;      // taken for the buffer between requests
  HttpRequestReader reader_;
  protocol::Route route_;
  const char* route_base_ = nullptr;             // where the buffer was that `route_` borrows
  std::unique_ptr<InferenceExchange> exchange_;  // from the first inference on
  protocol::RestResponse rest_;
  std::string answer_head_;
  ResponseWriter writer_;

  BackTask back_task_{*this};
  AgainTask again_task_{*this};
  ArrivalTask arrival_task_{*this};
  WorkTask work_task_{*this};
  ConnectionThread* destination_ = nullptr;
};

}  // namespace onda::server
