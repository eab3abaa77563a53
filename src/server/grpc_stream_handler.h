#pragma once

#include <deque>
#include <memory>
#include <thread>

#include "server/grpc_exchange.h"
#include "server/grpc_generic_call.h"
#include "server/grpc_poster.h"

namespace onda::server {

/// ModelStreamInfer: each message is an inference of its own. The next is read while others are answered;
/// answers leave in the order of the requests. Ends well when the client sends no more and has all its
/// answers.
class GrpcStreamHandler final : public GrpcGenericCall::Handler {
 public:
  /// Requests of one stream that are answered at a time; with as many, none is read.
  static constexpr std::size_t kMostOutstanding = 64;

  explicit GrpcStreamHandler(GrpcGenericCall& call) noexcept : call_(call) {}

  void begin() override;
  void on_message(bool ok, grpc::ByteBuffer& message) override;
  void on_written(bool ok) override;
  void on_cancelled() override;
  void on_tick() override;
  [[nodiscard]] bool is_over() const noexcept override { return slots_.empty(); }

 private:
  /// One request, until its answer was sent.
  class Slot final : public GrpcExchange::Owner, private GrpcPosted {
   public:
    explicit Slot(GrpcStreamHandler& handler)
        : handler_(handler), exchange_(handler.call_.calls().take_exchange()) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() = default;

    [[nodiscard]] GrpcExchange& exchange() noexcept { return *exchange_; }
    [[nodiscard]] bool is_answered() const noexcept { return is_answered_; }
    void give_back() noexcept { handler_.call_.calls().give_back(std::move(exchange_)); }

   private:
    void on_answer() noexcept override;
    void run() noexcept override;

    GrpcStreamHandler& handler_;
    std::unique_ptr<GrpcExchange> exchange_;
    bool is_answered_ = false;  // the queue's thread's
  };

  void go_on() noexcept;
  void drop_slots() noexcept;

  GrpcGenericCall& call_;
  const std::thread::id queue_thread_ = std::this_thread::get_id();
  std::deque<std::unique_ptr<Slot>> slots_;  // in the order of the requests
  bool is_reading_ = false;
  bool has_ended_ = false;  // the client's side
  bool is_writing_ = false;
  bool is_broken_ = false;  // nobody reads answers any more
};

}  // namespace onda::server
