// SPDX-License-Identifier: Apache-2.0
// http_routes_test.cpp: the response of each route to scripted facts.
#include <redstart/core/error.hpp>
#include <redstart/http/http_routes.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sample_site.hpp"

namespace redstart::test {
namespace {

using Json = nlohmann::json;

HttpRequest get(std::string_view path, std::string_view query = {}, std::string_view accept = {}) {
  HttpRequest request;
  request.path = path;
  request.query = query;
  request.accept = accept;
  return request;
}

class HttpRoutesTest : public ::testing::Test {
 protected:
  void set_down() {
    facts_.health.status = HealthStatus::unhealthy;
    facts_.ready.ready = false;
    facts_.ready.services[1].ready = false;
    facts_.ready.services[1].message = "no answer";
    facts_.startup.started = false;
  }

  SampleFacts facts_ = sample_facts();
  HttpRoutes routes_{facts_.site()};
};

struct RouteRow {
  std::string_view path;
  std::string_view type;
  unsigned when_down;
};

constexpr RouteRow all_routes[] = {
    {"/health", "application/json", 503},
    {"/health/ready", "application/json", 503},
    {"/health/live", "application/json", 200},
    {"/health/startup", "application/json", 503},
    {"/livez", "text/plain; charset=utf-8", 200},
    {"/readyz", "text/plain; charset=utf-8", 503},
    {"/debug/health/redis", "application/json", 503},
    {"/debug/health/redis/connectivity", "application/json", 503},
    {"/debug/health/redis/performance", "application/json", 503},
    {"/debug/health/redis/server-info", "application/json", 503},
    {"/debug/health/redis/connection-pool", "application/json", 503},
    {"/debug/health/redis/operational", "application/json", 503},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", 200},
    {"/", "text/html; charset=utf-8", 200},
    {"/status", "text/html; charset=utf-8", 200},
    {"/status.json", "application/json", 200},
};

TEST_F(HttpRoutesTest, EachRouteHasItsTypeAndStatus) {
  for (const bool down : {false, true}) {
    if (down) set_down();
    for (const RouteRow& row : all_routes) {
      const HttpResponse response = routes_(get(row.path));
      EXPECT_EQ(response.status, down ? row.when_down : 200) << row.path;
      EXPECT_EQ(response.content_type, row.type) << row.path;
      EXPECT_FALSE(response.body.empty()) << row.path;
      EXPECT_EQ(Json::accept(response.body), row.type == "application/json") << row.path;
    }
  }
}

TEST_F(HttpRoutesTest, EachResponseHasSecurityHeaders) {
  for (const std::string_view path : {"/livez", "/", "/nothing", "/metrics"}) {
    const HttpResponse response = routes_(get(path));
    EXPECT_EQ(response.header("Cache-Control"), "no-store") << path;
    EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_TRUE(response.header("Content-Security-Policy").starts_with("default-src 'none'")) << path;
  }
}

TEST_F(HttpRoutesTest, DegradedIsGood) {
  EXPECT_EQ(facts_.health.status, HealthStatus::degraded);
  EXPECT_EQ(routes_(get("/health")).status, 200U);
  facts_.health.status = HealthStatus::error;
  EXPECT_EQ(routes_(get("/health")).status, 503U);
}

TEST_F(HttpRoutesTest, SummaryNamesNoEndpoint) {
  const HttpResponse response = routes_(get("/health"));
  const Json json = Json::parse(response.body);
  EXPECT_EQ(json["status"], "degraded");
  EXPECT_EQ(json["healthy"], true);
  EXPECT_EQ(json["timestamp"], "2027-01-15T08:00:00.000Z");
  ASSERT_EQ(json["services"].size(), 2U);
  EXPECT_EQ(
      json["services"][0],
      (Json{{"name", "cache"}, {"status", "unhealthy"}, {"message", "not reachable"}, {"required", false}}));
  EXPECT_EQ(response.body.find("10.1.2.3"), std::string::npos);
}

TEST_F(HttpRoutesTest, HealthJsonOnRequest) {
  const HttpResponse response = routes_(get("/health", "", "text/html, Application/Health+JSON;q=0.9"));
  EXPECT_EQ(response.content_type, "application/health+json");
  EXPECT_TRUE(Json::parse(response.body).contains("checks"));
  EXPECT_EQ(routes_(get("/health", "", "application/health+json;q=0")).content_type, "application/json");
}

TEST_F(HttpRoutesTest, OpenMetricsOnRequest) {
  const HttpResponse response = routes_(get("/metrics", "", "application/openmetrics-text;version=1.0.0"));
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(response.body.ends_with("# EOF\n"));
}

TEST_F(HttpRoutesTest, ProbesOfKubernetesAnswerOk) {
  EXPECT_EQ(routes_(get("/livez")).body, "ok");
  EXPECT_EQ(routes_(get("/readyz")).body, "ok");
  EXPECT_EQ(routes_(get("/livez", "verbose")).body, "[+]ping ok\nlivez check passed\n");
  EXPECT_EQ(routes_(get("/readyz", "a=b&verbose=1")).body,
            "[-]cache failed (optional): not reachable\n[+]main ok\nreadyz check passed\n");
  EXPECT_EQ(routes_(get("/readyz", "verbosely")).body, "ok");
}

TEST_F(HttpRoutesTest, FailedReadinessNamesItsReasons) {
  set_down();
  EXPECT_EQ(routes_(get("/readyz")).body,
            "[-]cache failed (optional): not reachable\n[-]main failed: no answer\nreadyz check failed\n");
}

TEST_F(HttpRoutesTest, OtherPathsAreNotFound) {
  for (const std::string_view path :
       {"/health/", "/healthz", "/health/ready/", "/LIVEZ", "//livez", "/livez/..", "/%6civez",
        "/favicon.ico", "/debug", "/debug/health/redis/", "/debug/health/redis/pool",
        "/debug/health/redisconnectivity"}) {
    EXPECT_EQ(routes_(get(path)).status, 404U) << path;
  }
}

TEST_F(HttpRoutesTest, OtherMethodsAreRefused) {
  HttpRequest request = get("/livez");
  request.method = "POST";
  const HttpResponse response = routes_(request);
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(response.header("Allow"), "GET, HEAD");
  request.method = "HEAD";
  EXPECT_EQ(routes_(request).status, 200U);
}

TEST_F(HttpRoutesTest, PrefixPrecedesEachPath) {
  const HttpRoutes routes(facts_.site(), {.prefix = "/shop/redis"});
  for (const RouteRow& row : all_routes) {
    EXPECT_EQ(routes(get("/shop/redis" + std::string(row.path))).status, 200U) << row.path;
    EXPECT_EQ(routes(get(row.path)).status, 404U) << row.path;
  }
  EXPECT_EQ(routes(get("/shop/redislivez")).status, 404U);
  const HttpResponse moved = routes(get("/shop/redis"));
  EXPECT_EQ(moved.status, 308U);
  EXPECT_EQ(moved.header("Location"), "/shop/redis/");
}

TEST_F(HttpRoutesTest, MalformedPrefixesAreRefused) {
  for (const std::string_view prefix : {"redis", "/", "/redis/", "/a b", "/a?b", "/a\r\nX: y", "/<script>"})
    EXPECT_THROW(HttpRoutes(facts_.site(), {.prefix = std::string(prefix)}), ConfigError) << prefix;
  EXPECT_THROW(HttpRoutes(HttpSite{}), ConfigError);
}

TEST_F(HttpRoutesTest, PartsCanBeTurnedOff) {
  const HttpRoutes routes(facts_.site(), {.page = false, .details = false, .metrics = false});
  for (const std::string_view path :
       {"/", "/status", "/status.json", "/debug/health/redis", "/debug/health/redis/performance", "/metrics"})
    EXPECT_EQ(routes(get(path)).status, 404U) << path;
  for (const std::string_view path : {"/health", "/health/ready", "/health/live", "/livez", "/readyz"})
    EXPECT_EQ(routes(get(path)).status, 200U) << path;
}

// The policy admits the style and the script of this page only.
TEST_F(HttpRoutesTest, PageHasAFreshNonce) {
  std::vector<std::string> nonces;
  for (int i = 0; i != 2; ++i) {
    const HttpResponse response = routes_(get("/"));
    const std::string_view policy = response.header("Content-Security-Policy");
    const std::size_t at = policy.find("script-src 'nonce-");
    ASSERT_NE(at, std::string_view::npos) << policy;
    nonces.emplace_back(policy.substr(at + 18, 32));
    EXPECT_NE(policy.find("style-src 'nonce-" + nonces.back()), std::string_view::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string_view::npos);
    EXPECT_NE(response.body.find("<script nonce=\"" + nonces.back() + "\">"), std::string::npos);
    EXPECT_NE(response.body.find("<style nonce=\"" + nonces.back() + "\">"), std::string::npos);
  }
  EXPECT_NE(nonces[0], nonces[1]);
}

}  // namespace
}  // namespace redstart::test
