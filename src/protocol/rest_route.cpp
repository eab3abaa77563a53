#include "protocol/rest_route.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/utf8.h"

namespace onda::protocol {
namespace {

/// The longest path is /v2/repository/{repo}/models/{m}/unload; one more is no route.
constexpr std::size_t kMostSegments = 8;

constexpr std::string_view kGet = "GET";
constexpr std::string_view kPost = "POST";

/// The segments of a path, as they are on the wire.
class Segments {
 public:
  /// False for a path that no route has.
  [[nodiscard]] bool split(std::string_view path) noexcept {
    if (path.empty() || path.front() != '/') return false;
    for (;;) {
      path.remove_prefix(1);
      const std::size_t end = std::min(path.find('/'), path.size());
      if (count_ == kMostSegments) return false;
      segments_[count_++] = path.substr(0, end);
      if (end == path.size()) return true;
      path.remove_prefix(end);
    }
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// "" past the end: no route has an empty segment.
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return i < count_ ? segments_[i] : std::string_view{};
  }

 private:
  std::array<std::string_view, kMostSegments> segments_;
  std::size_t count_ = 0;
};

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Empty for a segment that is no text: a broken escape, NUL, a separator, no UTF-8.
std::optional<PathSegment> decode(std::string_view raw) {
  const bool is_plain =
      std::ranges::all_of(raw, [](char c) { return c != '%' && static_cast<unsigned char>(c) < 0x80; });
  if (is_plain) return PathSegment(raw);
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      const int high = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      if (c == '/' || c == '\0') return std::nullopt;
      i += 2;
    }
    text += c;
  }
  if (!base::is_utf8(text)) return std::nullopt;
  return PathSegment(std::move(text));
}

bool is_version(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// What a path means by method: `not_found` where it has no such method.
struct Target {
  RouteKind get = RouteKind::not_found;
  RouteKind post = RouteKind::not_found;
  std::string_view model = {};
  std::string_view version = {};
  std::string_view region = {};
};

Target target_of_model_action(std::string_view action) noexcept {
  if (action == "infer") return {.post = RouteKind::infer};
  if (action == "ready") return {.get = RouteKind::model_ready};
  if (action == "classify") return {.post = RouteKind::classify};
  if (action == "config") return {.get = RouteKind::model_config};
  if (action == "stats") return {.get = RouteKind::model_statistics};
  return {};
}

/// /v2/models…
Target target_of_models(const Segments& path) noexcept {
  if (path.count() == 2) return {.get = RouteKind::model_list};
  if (path.count() == 3 && path[2] == "stats") return {.get = RouteKind::statistics};
  const bool has_version = path[3] == "versions";
  if (has_version && !is_version(path[4])) return {};
  const std::size_t next = has_version ? 5 : 3;
  Target target;
  if (path.count() == next) {
    target.get = RouteKind::model_metadata;
  } else if (path.count() == next + 1) {
    target = target_of_model_action(path[next]);
  } else if (!has_version && path.count() == 5 && path[3] == "trace" && path[4] == "setting") {
    target = {.get = RouteKind::trace_settings, .post = RouteKind::set_trace_settings};
  }
  target.model = path[2];
  if (has_version) target.version = path[4];
  return target;
}

/// /v2/repository…
Target target_of_repository(const Segments& path) noexcept {
  const auto action = [&](std::size_t at) {
    if (path[at] == "load") return RouteKind::load;
    if (path[at] == "unload") return RouteKind::unload;
    return RouteKind::not_found;
  };
  if (path.count() == 3 && path[2] == "index") return {.post = RouteKind::repository_index};
  if (path.count() == 4 && path[3] == "index") return {.post = RouteKind::repository_index};
  if (path.count() == 5 && path[2] == "models") return {.post = action(4), .model = path[3]};
  if (path.count() == 6 && path[3] == "models" && action(5) != RouteKind::not_found)
    return {.post = RouteKind::named_repository, .model = path[4]};
  return {};
}

struct RegionKinds {
  RouteKind status;
  RouteKind register_;
  RouteKind unregister;
};

/// /v2/systemsharedmemory… and /v2/cudasharedmemory…
Target target_of_regions(const Segments& path, const RegionKinds& kinds) noexcept {
  const bool has_region = path[2] == "region" && path.count() == 5;
  if (!has_region && path.count() != 3) return {};
  const std::string_view action = path[has_region ? 4 : 2];
  Target target;
  if (has_region) target.region = path[3];
  if (action == "status") target.get = kinds.status;
  if (action == "unregister") target.post = kinds.unregister;
  if (action == "register" && has_region) target.post = kinds.register_;
  return target;
}

Target target_of(const Segments& path) noexcept {
  if (path[0] != "v2") return {};
  if (path.count() == 1 || (path.count() == 2 && path[1].empty())) return {.get = RouteKind::server_metadata};
  for (std::size_t i = 1; i < path.count(); ++i) {
    if (path[i].empty()) return {};
  }
  const std::string_view area = path[1];
  if (area == "models") return target_of_models(path);
  if (area == "health") {
    if (path.count() == 3 && path[2] == "live") return {.get = RouteKind::live};
    if (path.count() == 3 && path[2] == "ready") return {.get = RouteKind::ready};
  }
  if (area == "repository") return target_of_repository(path);
  if (area == "logging" && path.count() == 2)
    return {.get = RouteKind::log_settings, .post = RouteKind::set_log_settings};
  if (area == "trace" && path.count() == 3 && path[2] == "setting")
    return {.get = RouteKind::trace_settings, .post = RouteKind::set_trace_settings};
  if (area == "systemsharedmemory")
    return target_of_regions(
        path, {RouteKind::system_shared_memory_status, RouteKind::register_system_shared_memory,
               RouteKind::unregister_system_shared_memory});
  if (area == "cudasharedmemory")
    return target_of_regions(path,
                             {RouteKind::cuda_shared_memory_status, RouteKind::register_cuda_shared_memory,
                              RouteKind::unregister_cuda_shared_memory});
  return {};
}

std::string_view allowed_methods(const Target& target) noexcept {
  const bool has_get = target.get != RouteKind::not_found;
  const bool has_post = target.post != RouteKind::not_found;
  if (has_get && has_post) return "GET, HEAD, POST";
  return has_get ? "GET, HEAD" : "POST";
}

/// The path of an origin or absolute target (RFC 9112, section 3.2), without its query.
std::string_view path_of(std::string_view target) noexcept {
  target = target.substr(0, target.find('?'));
  if (target.empty() || target.front() == '/') return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view{} : target.substr(path);
}

}  // namespace

Route parse_route(std::string_view method, std::string_view target) {
  Route route;
  Segments path;
  if (!path.split(path_of(target))) return route;
  const Target found = target_of(path);
  if (found.get == RouteKind::not_found && found.post == RouteKind::not_found) return route;

  if (method == kGet || method == "HEAD") {
    route.kind = found.get;
  } else if (method == kPost) {
    route.kind = found.post;
  }
  if (route.kind == RouteKind::not_found) {
    route.kind = RouteKind::method_not_allowed;
    route.allow = allowed_methods(found);
    return route;
  }
  auto model = decode(found.model);
  auto region = decode(found.region);
  if (!model || !region) {
    route.kind = RouteKind::bad_path;
    return route;
  }
  route.model = std::move(*model);
  route.version = PathSegment(found.version);
  route.region = std::move(*region);
  return route;
}

}  // namespace onda::protocol
