#pragma once

#include <string>

#include "server/connection.h"
#include "server/connection_context.h"
#include "server/event_loop.h"
#include "server/listener.h"

namespace onda::server {

/// Takes the connections that come to a listener, on the control thread.
class ConnectionAcceptor final : private Watcher {
 public:
  /// Begins at once, or when the control thread does. Throws what `EventLoop::watch` throws.
  ConnectionAcceptor(Listener listener, Connection::Service service, ConnectionContext& context);
  ConnectionAcceptor(const ConnectionAcceptor&) = delete;
  ConnectionAcceptor& operator=(const ConnectionAcceptor&) = delete;
  /// On the control thread, or when it has ended.
  ~ConnectionAcceptor();

  [[nodiscard]] const std::string& address() const noexcept { return listener_.address(); }
  /// All connections that clients have made so far. On the control thread.
  void take_all() noexcept;

 private:
  class RetryTask final : public LoopTask {
   public:
    explicit RetryTask(ConnectionAcceptor& acceptor) noexcept : acceptor_(acceptor) {}
    void run() noexcept override;

   private:
    ConnectionAcceptor& acceptor_;
  };

  void on_ready(Readiness readiness) noexcept override;
  void take(AcceptedConnection accepted);

  Listener listener_;
  const Connection::Service service_;
  ConnectionContext& context_;
  RetryTask retry_task_{*this};
  bool is_retry_to_come_ = false;
};

}  // namespace onda::server
