#include "server/connection_acceptor.h"

#include <exception>
#include <memory>
#include <utility>

#include "server/connection_thread.h"

namespace onda::server {
namespace {

/// Beyond the limit so many are told that there are too many; the others are closed without a word.
constexpr std::size_t kMostRefusals = 64;

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(Listener listener, Connection::Service service,
                                       ConnectionContext& context)
    : listener_(std::move(listener)), service_(service), context_(context) {
  context_.control.loop().watch(listener_.number(), *this);
}

ConnectionAcceptor::~ConnectionAcceptor() {
  if (is_retry_to_come_) context_.control.forget(retry_task_);
  context_.control.loop().unwatch(listener_.number());
}

void ConnectionAcceptor::RetryTask::run() noexcept {
  acceptor_.is_retry_to_come_ = false;
  acceptor_.take_all();
}

void ConnectionAcceptor::on_ready(Readiness) noexcept {
  if (!is_retry_to_come_) take_all();
}

void ConnectionAcceptor::take_all() noexcept {
  for (;;) {
    AcceptedConnection accepted;
    const Listener::Accepted outcome = listener_.accept(accepted);
    if (outcome == Listener::Accepted::none) return;
    try {
      if (outcome == Listener::Accepted::connection) {
        take(std::move(accepted));
        continue;
      }
      // It waits until others have gone: nothing would tell of it again.
      if (!is_retry_to_come_) context_.control.run_later(retry_task_);
      is_retry_to_come_ = true;
      return;
    } catch (const std::exception&) {
      // No memory for it: it is closed.
    }
  }
}

void ConnectionAcceptor::take(AcceptedConnection accepted) {
  context_.accepted.add();
  const std::size_t open = context_.count.open();
  const std::size_t limit = context_.options.limits.connections;
  if (open >= limit + kMostRefusals) return context_.refused.add();
  context_.control.adopt(
      std::make_unique<Connection>(std::move(accepted), service_, open >= limit, context_));
}

}  // namespace onda::server
