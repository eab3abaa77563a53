#include "protocol/rest_route.h"

#include <gtest/gtest.h>

#include <string>

namespace onda::protocol {
namespace {

struct Case {
  std::string_view method;
  std::string_view target;
  RouteKind kind;
  std::string_view model = {};
  std::string_view version = {};
  std::string_view region = {};
};

TEST(RestRouteTest, KnowsEveryRouteOfTheProtocol) {
  using enum RouteKind;
  const Case cases[] = {
      {"GET", "/v2/health/live", live},
      {"GET", "/v2/health/ready", ready},
      {"GET", "/v2", server_metadata},
      {"GET", "/v2/", server_metadata},
      {"GET", "/v2/models", model_list},
      {"GET", "/v2/models/m", model_metadata, "m"},
      {"GET", "/v2/models/m/versions/3", model_metadata, "m", "3"},
      {"GET", "/v2/models/m/ready", model_ready, "m"},
      {"GET", "/v2/models/m/versions/12/ready", model_ready, "m", "12"},
      {"POST", "/v2/models/m/infer", infer, "m"},
      {"POST", "/v2/models/m/versions/1/infer", infer, "m", "1"},
      {"POST", "/v2/models/m/classify", classify, "m"},
      {"POST", "/v2/models/m/versions/1/classify", classify, "m", "1"},
      {"GET", "/v2/models/m/config", model_config, "m"},
      {"GET", "/v2/models/m/versions/1/config", model_config, "m", "1"},
      {"GET", "/v2/models/stats", statistics},
      {"GET", "/v2/models/m/stats", model_statistics, "m"},
      {"GET", "/v2/models/m/versions/2/stats", model_statistics, "m", "2"},
      {"POST", "/v2/repository/index", repository_index},
      {"POST", "/v2/repository/r/index", repository_index},
      {"POST", "/v2/repository/models/m/load", load, "m"},
      {"POST", "/v2/repository/models/m/unload", unload, "m"},
      {"POST", "/v2/repository/r/models/m/load", named_repository, "m"},
      {"POST", "/v2/repository/r/models/m/unload", named_repository, "m"},
      {"GET", "/v2/trace/setting", trace_settings},
      {"POST", "/v2/trace/setting", set_trace_settings},
      {"GET", "/v2/models/m/trace/setting", trace_settings, "m"},
      {"POST", "/v2/models/m/trace/setting", set_trace_settings, "m"},
      {"GET", "/v2/logging", log_settings},
      {"POST", "/v2/logging", set_log_settings},
      {"GET", "/v2/systemsharedmemory/status", system_shared_memory_status},
      {"GET", "/v2/systemsharedmemory/region/r/status", system_shared_memory_status, "", "", "r"},
      {"POST", "/v2/systemsharedmemory/region/r/register", register_system_shared_memory, "", "", "r"},
      {"POST", "/v2/systemsharedmemory/unregister", unregister_system_shared_memory},
      {"POST", "/v2/systemsharedmemory/region/r/unregister", unregister_system_shared_memory, "", "", "r"},
      {"GET", "/v2/cudasharedmemory/status", cuda_shared_memory_status},
      {"GET", "/v2/cudasharedmemory/region/r/status", cuda_shared_memory_status, "", "", "r"},
      {"POST", "/v2/cudasharedmemory/region/r/register", register_cuda_shared_memory, "", "", "r"},
      {"POST", "/v2/cudasharedmemory/unregister", unregister_cuda_shared_memory},
      {"POST", "/v2/cudasharedmemory/region/r/unregister", unregister_cuda_shared_memory, "", "", "r"},
  };
  for (const Case& expected : cases) {
    SCOPED_TRACE(std::string(expected.method) + ' ' + std::string(expected.target));
    const Route route = parse_route(expected.method, expected.target);
    EXPECT_EQ(route.kind, expected.kind);
    EXPECT_EQ(route.model.text(), expected.model);
    EXPECT_EQ(route.version.text(), expected.version);
    EXPECT_EQ(route.region.text(), expected.region);
  }
}

TEST(RestRouteTest, FindsNothingElse) {
  for (const std::string_view target : {"",
                                        "/",
                                        "/v1",
                                        "/v3/health/live",
                                        "v2",
                                        "/v2/health",
                                        "/v2/health/live/",
                                        "/v2//models",
                                        "/v2/models/",
                                        "/v2/models//infer",
                                        "/v2/models/m/versions",
                                        "/v2/models/m/versions/",
                                        "/v2/models/m/versions/-1",
                                        "/v2/models/m/versions/1.0/infer",
                                        "/v2/models/m/versions/x/infer",
                                        "/v2/models/m/versions/1/trace/setting",
                                        "/v2/models/m/versions/1/infer/x",
                                        "/v2/models/m/generate",
                                        "/v2/models/m/generate_stream",
                                        "/v2/models/m/trace",
                                        "/v2/repository",
                                        "/v2/repository/models/m",
                                        "/v2/repository/models/m/reload",
                                        "/v2/trace",
                                        "/v2/logging/x",
                                        "/v2/systemsharedmemory",
                                        "/v2/systemsharedmemory/register",
                                        "/v2/systemsharedmemory/region/r",
                                        "/v2/systemsharedmemory/region//status",
                                        "/v2/systemsharedmemory/regions/r/status",
                                        "/a/b/c/d/e/f/g/h/i/j",
                                        "/v2/models/m/infer/",
                                        "*",
                                        "example.org:80",
                                        "/V2/health/live"}) {
    for (const std::string_view method : {"GET", "POST"})
      EXPECT_EQ(parse_route(method, target).kind, RouteKind::not_found) << method << ' ' << target;
  }
}

TEST(RestRouteTest, SaysWhichMethodsAPathHas) {
  const auto allow = [](std::string_view method, std::string_view target) {
    const Route route = parse_route(method, target);
    EXPECT_EQ(route.kind, RouteKind::method_not_allowed) << method << ' ' << target;
    return route.allow;
  };
  EXPECT_EQ(allow("POST", "/v2/health/live"), "GET, HEAD");
  EXPECT_EQ(allow("GET", "/v2/models/m/infer"), "POST");
  EXPECT_EQ(allow("DELETE", "/v2/logging"), "GET, HEAD, POST");
  EXPECT_EQ(allow("get", "/v2"), "GET, HEAD");
  EXPECT_EQ(allow("OPTIONS", "/v2"), "GET, HEAD");
}

TEST(RestRouteTest, RoutesHeadAsGet) {
  EXPECT_EQ(parse_route("HEAD", "/v2/models/m").kind, RouteKind::model_metadata);
  EXPECT_EQ(parse_route("HEAD", "/v2/models/m/infer").kind, RouteKind::method_not_allowed);
}

TEST(RestRouteTest, IgnoresTheQuery) {
  const Route route = parse_route("POST", "/v2/models/m/infer?test_1=1&a=/b");
  EXPECT_EQ(route.kind, RouteKind::infer);
  EXPECT_EQ(route.model.text(), "m");
  EXPECT_EQ(parse_route("GET", "/v2?x").kind, RouteKind::server_metadata);
}

TEST(RestRouteTest, TakesAnAbsoluteTarget) {
  EXPECT_EQ(parse_route("GET", "http://host:8000/v2/health/live").kind, RouteKind::live);
  EXPECT_EQ(parse_route("GET", "http://host:8000").kind, RouteKind::not_found);
}

TEST(RestRouteTest, DecodesEachSegmentAfterTheSplit) {
  const Route route = parse_route("GET", "/v2/models/a%20b%2e%C3%A9/ready");
  EXPECT_EQ(route.kind, RouteKind::model_ready);
  EXPECT_EQ(route.model.text(), "a b.\xC3\xA9");
  EXPECT_EQ(parse_route("GET", "/v2/systemsharedmemory/region/r%5B0%5D/status").region.text(), "r[0]");
  Route moved = parse_route("GET", "/v2/models/%61/ready");
  const Route there = std::move(moved);
  EXPECT_EQ(there.model.text(), "a");
}

TEST(RestRouteTest, RefusesSegmentsThatAreNoText) {
  for (const std::string_view model :
       {"a%2Fb", "a%2fb", "%00", "%", "%4", "%zz", "a%F", "%FF", "\xFF", "%C3"})
    EXPECT_EQ(parse_route("GET", "/v2/models/" + std::string(model)).kind, RouteKind::bad_path) << model;
}

TEST(RestRouteTest, TellsWhoMayWaitAndWhoMayChange) {
  EXPECT_TRUE(is_inference(RouteKind::infer));
  EXPECT_TRUE(is_inference(RouteKind::classify));
  EXPECT_FALSE(is_inference(RouteKind::load));
  EXPECT_TRUE(is_quick(RouteKind::live));
  EXPECT_FALSE(is_quick(RouteKind::server_metadata));
  EXPECT_TRUE(is_admin(RouteKind::load));
  EXPECT_TRUE(is_admin(RouteKind::set_log_settings));
  EXPECT_TRUE(is_admin(RouteKind::unregister_cuda_shared_memory));
  EXPECT_FALSE(is_admin(RouteKind::repository_index));
  EXPECT_FALSE(is_admin(RouteKind::trace_settings));
}

}  // namespace
}  // namespace onda::protocol
