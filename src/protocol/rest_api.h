#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "onda/error.h"
#include "protocol/rest_route.h"
#include "serving/inference_request.h"
#include "serving/services.h"

namespace onda::protocol {

/// A request for anything but inference, borrowed for the call.
struct RestRequest {
  const Route& route;
  /// Whole and decoded; 64 readable bytes follow it.
  std::span<const std::byte> body = {};
  /// The peer is on this machine (loopback or a Unix socket).
  bool is_local_peer = false;
};

struct RestResponse {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string_view, std::string>> headers = {};
};

/// The answer to a request that failed: status, `{"error": …}`, and `Retry-After` where trying again helps.
[[nodiscard]] RestResponse error_response(const Error& error, serving::FailureSituation situation = {});

/// The answer to what threw `std::current_exception()`; any exception, std::bad_alloc included.
[[nodiscard]] RestResponse error_response_of_current_exception() noexcept;

/// Answers the REST routes that do not run a model. Safe from any thread.
class RestApi {
 public:
  /// `services` outlives it.
  explicit RestApi(const serving::Services& services) noexcept : services_(services) {}

  /// `load` and `unload` take as long as the work does. A kind of inference is internal: it is not for here.
  [[nodiscard]] RestResponse handle(const RestRequest& request) const noexcept;

 private:
  [[nodiscard]] RestResponse answer(const RestRequest& request) const;

  const serving::Services& services_;
};

}  // namespace onda::protocol
