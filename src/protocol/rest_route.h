#pragma once

#include <string>
#include <string_view>

namespace onda::protocol {

enum class RouteKind {
  not_found,
  /// The path exists for other methods: `Route::allow`.
  method_not_allowed,
  /// A segment that is no valid text, or hides a separator: 400.
  bad_path,
  /// Load and unload in a repository that is named: 501.
  named_repository,
  live,
  ready,
  server_metadata,
  model_list,
  model_ready,
  model_metadata,
  infer,
  classify,
  model_config,
  statistics,
  model_statistics,
  repository_index,
  load,
  unload,
  trace_settings,
  set_trace_settings,
  log_settings,
  set_log_settings,
  system_shared_memory_status,
  register_system_shared_memory,
  unregister_system_shared_memory,
  cuda_shared_memory_status,
  register_cuda_shared_memory,
  unregister_cuda_shared_memory,
};

/// A segment of a path with its percent-encoding undone; borrows the target where there was none.
class PathSegment {
 public:
  PathSegment() = default;
  explicit PathSegment(std::string_view raw) noexcept : raw_(raw) {}
  explicit PathSegment(std::string decoded) noexcept : decoded_(std::move(decoded)), is_decoded_(true) {}

  /// Valid while this object and the target are, and neither is moved or changed.
  [[nodiscard]] std::string_view text() const noexcept {
    return is_decoded_ ? std::string_view(decoded_) : raw_;
  }

 private:
  std::string_view raw_;
  std::string decoded_;
  bool is_decoded_ = false;
};

/// What a request line asks for.
struct Route {
  RouteKind kind = RouteKind::not_found;
  PathSegment model;
  /// Decimal digits; "" where the path names none.
  PathSegment version;
  /// Of shared memory; "" for all.
  PathSegment region;
  /// For the header `Allow`, where the kind is method_not_allowed.
  std::string_view allow = {};
};

/// HEAD is routed as GET: its answer's body is not sent. A query is ignored. Borrows `target`; allocates only
/// where a segment is percent-encoded.
[[nodiscard]] Route parse_route(std::string_view method, std::string_view target);

/// Answered by running a model.
[[nodiscard]] constexpr bool is_inference(RouteKind kind) noexcept {
  return kind == RouteKind::infer || kind == RouteKind::classify;
}

/// Answered without waiting for anything: health. Never behind a model that runs.
[[nodiscard]] constexpr bool is_quick(RouteKind kind) noexcept {
  return kind == RouteKind::live || kind == RouteKind::ready || kind == RouteKind::model_ready;
}

/// Changes the server: not for everybody, and may take long.
[[nodiscard]] constexpr bool is_admin(RouteKind kind) noexcept {
  switch (kind) {
    case RouteKind::load:
    case RouteKind::unload:
    case RouteKind::named_repository:
    case RouteKind::set_trace_settings:
    case RouteKind::set_log_settings:
    case RouteKind::register_system_shared_memory:
    case RouteKind::unregister_system_shared_memory:
    case RouteKind::register_cuda_shared_memory:
    case RouteKind::unregister_cuda_shared_memory:
      return true;
    default:
      return false;
  }
}

}  // namespace onda::protocol
