// SPDX-License-Identifier: Apache-2.0
// http_health_test.cpp: probes, metrics and the status page of a service at work, and in outages.
#include <redstart/health/health_monitor.hpp>
#include <redstart/http/http_routes.hpp>
#include <redstart/http/http_server.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/fake_server.hpp"
#include "support/http_client.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "unit/observe/exposition_parser.hpp"

namespace redstart::test {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

HealthPolicy http_policy() {
  HealthPolicy policy;
  policy.budget = milliseconds(2000);
  policy.interval = milliseconds(100);
  policy.cache_time = milliseconds(0);
  policy.failures = 2;
  policy.successes = 1;
  policy.hit_ratio = 0;  // other tests look up missing keys on the same server
  return policy;
}

HttpConfig http_on_free_port() {
  HttpConfig config;
  config.port = 0;
  return config;
}

// The configuration of a service that needs `main`.
RedisConfig http_service_at(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.database("main").required = true;
  return config;
}

// A manager that is started, with its monitor and its HTTP server.
class ServedManager {
 public:
  explicit ServedManager(RedisConfig config) : redis_(std::move(config)) {
    monitor_.start();
    server_.start();
  }
  RedisConnectionManager* operator->() noexcept { return &*redis_; }
  [[nodiscard]] HttpClient client() const { return HttpClient(server_.port()); }
  [[nodiscard]] HttpAnswer get(std::string_view path, std::string_view headers = {}) const {
    return client().get(path, headers);
  }
  [[nodiscard]] int status(std::string_view path) const { return get(path).status; }

 private:
  StartedManager redis_;
  HealthMonitor monitor_{*redis_, http_policy()};
  HttpServer server_{http_on_free_port(), HttpRoutes(*redis_, monitor_)};
};

constexpr std::string_view json_routes[] = {"/health",
                                            "/health/ready",
                                            "/health/live",
                                            "/health/startup",
                                            "/debug/health/redis",
                                            "/debug/health/redis/connectivity",
                                            "/debug/health/redis/performance",
                                            "/debug/health/redis/server-info",
                                            "/debug/health/redis/connection-pool",
                                            "/debug/health/redis/operational",
                                            "/status.json"};

// The sum of a series over all labels.
double total_of(const std::string& page, std::string_view name) {
  double sum = 0;
  for (const Family& family : ExpositionParser(page, MetricsFormat::prometheus).parse())
    for (const Sample& sample : family.samples) sum += sample.name == name ? sample.value : 0;
  return sum;
}

class HttpHealth : public RedisTest {};

TEST_F(HttpHealth, EachRouteAnswersWhileManyThreadsWork) {
  ServedManager service(http_service_at(server().port()));
  ASSERT_TRUE(eventually([&service] { return service.status("/health/startup") == 200; }));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> ended{0};
  std::vector<std::jthread> workers;
  for (int t = 0; t != 16; ++t) {
    workers.emplace_back([&, t] {
      const Client db = service->client("main");
      for (int i = 0; !stop; ++i) {
        db.set("http:" + std::to_string(t), i);
        ++ended;
      }
    });
  }
  HttpClient client = service.client();
  std::uint64_t before = 0;
  for (int round = 0; round != 20; ++round) {
    for (const std::string_view path : json_routes) {
      const HttpAnswer answer = client.get(path);
      EXPECT_TRUE(answer.status == 200 || answer.status == 503) << path << ": 503 if a probe had no time";
      ASSERT_TRUE(Json::accept(answer.body)) << path << answer.body;
    }
    EXPECT_EQ(client.get("/livez").body, "ok");
    EXPECT_FALSE(client.get("/readyz").body.empty());
    EXPECT_TRUE(client.get("/").body.ends_with("</html>\n"));
    const auto counted =
        Json::parse(client.get("/status.json").body)["databases"][0]["commands"].get<std::uint64_t>();
    EXPECT_GE(counted, before);
    before = counted;
    EXPECT_LE(before, static_cast<std::uint64_t>(
                          total_of(client.get("/metrics").body, "redstart_commands_ok_total")));
    static_cast<void>(
        ExpositionParser(client.get("/metrics", "Accept: application/openmetrics-text\r\n").body,
                         MetricsFormat::open_metrics)
            .parse());
  }
  stop = true;
  workers.clear();
  EXPECT_GT(ended.load(), 0U);
  // Probes are not counted, so the counters are those of the workers.
  const std::string page = client.get("/metrics").body;
  EXPECT_EQ(static_cast<std::uint64_t>(total_of(page, "redstart_commands_ok_total")), ended.load());
  EXPECT_EQ(total_of(page, "redstart_commands_failed_total"), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(total_of(page, "db_client_operation_duration_seconds_count")),
            ended.load());
  const Json status = Json::parse(client.get("/status.json").body);
  EXPECT_EQ(status["databases"][0]["commands"], ended.load());
  EXPECT_TRUE(eventually(
      [&] { return Json::parse(client.get("/status.json").body)["health"]["text"] == "healthy"; }));
}

TEST_F(HttpHealth, ReadyHasItsDocumentedForm) {
  ServedManager service(http_service_at(server().port()));
  ASSERT_TRUE(eventually([&service] { return service.status("/health/ready") == 200; }));
  const Json json = Json::parse(service.get("/health/ready").body);
  EXPECT_EQ(json["status"], "ready");
  EXPECT_EQ(json["healthy"], true);
  EXPECT_TRUE(json["timestamp"].is_string());
  ASSERT_EQ(json["services"].size(), 1U);
  for (const char* field : {"name", "status", "message", "required"})
    EXPECT_TRUE(json["services"][0].contains(field));
}

TEST_F(HttpHealth, HealthJsonHasItsMediaType) {
  ServedManager service(http_service_at(server().port()));
  ASSERT_TRUE(eventually([&service] { return service.status("/health") == 200; }));
  const HttpAnswer answer = service.get("/health", "Accept: application/health+json\r\n");
  EXPECT_EQ(answer.header("content-type"), "application/health+json");
  EXPECT_EQ(Json::parse(answer.body)["status"], "pass");
}

// The median, since a machine may stall.
milliseconds usual_time(const ServedManager& service, std::string_view path, int status) {
  HttpClient client = service.client();
  std::vector<std::chrono::steady_clock::duration> times;
  for (int i = 0; i != 21; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(client.get(path).status, status) << path;
    times.push_back(std::chrono::steady_clock::now() - start);
  }
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return std::chrono::duration_cast<milliseconds>(times[10]);
}

void expect_answers_in_outage(const ServedManager& service) {
  for (const std::string_view path : {"/livez", "/health/live"})
    EXPECT_LE(usual_time(service, path, 200), milliseconds(100)) << path;
  for (const std::string_view path : {"/readyz", "/health/ready", "/health", "/debug/health/redis"})
    EXPECT_LE(usual_time(service, path, 503), milliseconds(100)) << path;
  for (const std::string_view path : {"/health/startup", "/metrics", "/", "/status.json"})
    EXPECT_LE(usual_time(service, path, 200), milliseconds(100)) << path;
}

TEST(HttpHealthOutage, ProbesAnswerWhileRedisIsKilled) {
  REDSTART_NEEDS_REDIS();
  RedisServer redis;
  ServedManager service(http_service_at(redis.port()));
  ASSERT_TRUE(eventually([&service] { return service.status("/readyz") == 200; }));
  redis.kill();
  ASSERT_TRUE(eventually([&service] { return service.status("/readyz") == 503; }));
  expect_answers_in_outage(service);
  EXPECT_EQ(Json::parse(service.get("/health/ready").body)["status"], "not_ready");
  EXPECT_NE(service.get("/readyz").body.find("[-]main failed"), std::string::npos);
  redis.restart();
  EXPECT_TRUE(eventually([&service] { return service.status("/readyz") == 200; }));
}

TEST(HttpHealthOutage, ProbesAnswerWhileRedisIsFrozen) {
  REDSTART_NEEDS_REDIS();
  RedisServer redis;
  ServedManager service(http_service_at(redis.port()));
  ASSERT_TRUE(eventually([&service] { return service.status("/readyz") == 200; }));
  const auto db = service->client("main").with_timeout(milliseconds(200)).results();
  redis.pause();
  std::atomic<bool> stop{false};
  std::jthread caller([&] {  // its calls wait for the frozen server
    while (!stop) static_cast<void>(db.get("k"));
  });
  EXPECT_TRUE(eventually([&service] { return service.status("/readyz") == 503; }));
  expect_answers_in_outage(service);
  stop = true;
  caller.join();
  redis.resume();
  EXPECT_TRUE(eventually([&service] { return service.status("/readyz") == 200; }));
}

TEST(HttpHealthOutage, StartsWithoutRedis) {
  const FreePort nobody;
  RedisConfig config = http_service_at(nobody.number());
  config.start_timeout = milliseconds(0);
  ServedManager service(std::move(config));
  EXPECT_EQ(service.status("/livez"), 200);
  EXPECT_EQ(service.status("/readyz"), 503);
  EXPECT_EQ(service.status("/health/startup"), 503);
  EXPECT_EQ(service.status("/health"), 503);
}

TEST(HttpHealthOutage, TextOfAServerIsEscapedOnThePage) {
  FakeServer fake([](FakeConnection& connection, std::size_t) {
    connection.serve(
        [](const FakeConnection::Words&) { return std::string("-ERR <script>alert('x')</script>\r\n"); });
  });
  ServedManager service(http_service_at(fake.port()));
  static_cast<void>(service->client("main").results().get("k"));
  ASSERT_TRUE(eventually([&service] {
    return service.get("/").body.find("&lt;script&gt;alert(&#39;x&#39;)") != std::string::npos;
  }));
  EXPECT_EQ(service.get("/").body.find("<script>"), std::string::npos);
  EXPECT_TRUE(Json::accept(service.get("/status.json").body));
}

}  // namespace
}  // namespace redstart::test
