// SPDX-License-Identifier: Apache-2.0
// events_test.cpp: provokes each kind of event.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

class Events : public ::testing::Test {
 protected:
  RedisConfig config(std::uint16_t port) {
    RedisConfig config = config_at(port);
    config.listener = log_;
    config.start_timeout = 1ms;
    config.defaults.required = false;
    config.defaults.timeouts.command = 30s;
    return config;
  }
  [[nodiscard]] std::size_t reported(EventKind kind) const { return log_->count(to_string(kind)); }

  void expect_event(EventKind kind);
  void expect_fields(const EventKindInfo& info) const;
  void start_with(std::uint16_t port, std::string_view environment);
  void keep_a_handle(EventKind kind);
  void lose_connection_of_a_handle();
  void send_pushes();
  void refuse_first_command_as_busy();
  void answer_as_loading();
  void let_credentials_expire(EventKind kind);
  void replace_the_server();
  void fail_a_call();
  void answer_slowly();

  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>();
};

void Events::keep_a_handle(EventKind kind) {
  FakeServer server{FakeServer::simple()};
  RedisConfig warned = config(server.port());
  warned.defaults.lease_warning = 1ms;
  StartedManager redis(std::move(warned));
  const ScopedClient kept = redis->scoped_client("main");
  if (kind == EventKind::lease_leaked) return redis->shutdown(1ms);
  EXPECT_TRUE(eventually([&] { return reported(kind) == 1; }));
}

void Events::lose_connection_of_a_handle() {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) connection.close();  // instead of answering the command
  });
  StartedManager redis(config(server.port()));
  {
    ScopedClient scoped = redis->scoped_client("main");
    EXPECT_EQ(error_of([&] { return scoped.incr("n"); }).code(), Errc::connection_lost);
    EXPECT_EQ(reported(EventKind::release_failed), 0U);
  }
  EXPECT_EQ(reported(EventKind::release_failed), 1U);
  {
    AsyncScopedClient scoped = redis->scoped_async_client("main")(use_future).get();
    EXPECT_EQ(error_of([&] { return scoped.incr("n")(use_future).get(); }).code(), Errc::connection_lost);
    EXPECT_THAT(error_of([&] { return scoped.incr("n")(use_future).get(); }).what(),
                ::testing::HasSubstr("was lost earlier"));
  }
  EXPECT_TRUE(eventually([&] { return reported(EventKind::release_failed) == 2; }));
}

void Events::send_pushes() {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) -> std::string {
      const std::string push = ">2\r\n+message\r\n+x\r\n";
      return words.empty() ? "" : push + push + ":1\r\n";
    });
  });
  std::size_t most = 0;
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, config(server.port())));
    const std::size_t before = reported(EventKind::push_dropped);
    ASSERT_TRUE(Caller(*redis, side).command<std::int64_t>("INCR", "n").has_value());
    EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.pushes_dropped == 2; }))
        << "must be counted while the connection is open";
    EXPECT_TRUE(eventually([&] { return reported(EventKind::push_dropped) > before; }));
    most = std::max(most, log_->count("redis.push_dropped 2 unsolicited messages"));
  });
  EXPECT_GE(most, 1U);
}

void Events::refuse_first_command_as_busy() {
  std::atomic<int> busy{1};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words.empty()) return {};
      return busy-- > 0 ? "-BUSY Redis is busy running a script\r\n" : ":1\r\n";
    });
  });
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->client("main").incr("n"), 1);
}

void Events::answer_as_loading() {
  std::atomic<int> loading{1};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "PING" && loading-- > 0)
        connection.send("-LOADING Redis is loading the dataset in memory\r\n");
      else
        connection.send(words[0] == "HELLO"  ? "%1\r\n+server\r\n+redis\r\n"
                        : words[0] == "PING" ? "+PONG\r\n"
                        : words[0] == "INFO" ? resp_bulk("loading:1\r\n")
                                             : ":1\r\n");
    }
  });
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->client("main").incr("n"), 1);
}

void Events::replace_the_server() {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "GET") return connection.close();
      connection.send(words[0] == "HELLO" ? "%2\r\n+id\r\n:" + std::to_string(7 + index) +
                                                "\r\n+version\r\n+7.0." + std::to_string(index) + "\r\n"
                      : words[0] == "PING" ? "+PONG\r\n"
                                           : ":1\r\n");
    }
  });
  StartedManager redis(config(server.port()));
  const Client client = redis->client("main").with_retry(RetryMode::off);
  EXPECT_EQ(client.incr("n"), 1);
  EXPECT_FALSE(client.results().get("key"));
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(client.results().incr("n"));
    return reported(EventKind::server_changed) != 0;
  }));
}

void Events::fail_a_call() {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) -> std::string {
      return words.empty() ? "" : "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    });
  });
  StartedManager redis(config(server.port()));
  EXPECT_THROW(redis->client("main").incr("n"), ServerError);
}

void Events::answer_slowly() {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) -> std::string {
      if (!words.empty()) let_pass(5ms);
      return words.empty() ? "" : ":1\r\n";
    });
  });
  RedisConfig watched = config(server.port());
  watched.defaults.slow_command = 1ms;
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, watched));
    const std::size_t before = reported(EventKind::slow_command);
    ASSERT_TRUE(Caller(*redis, side).command<std::int64_t>("INCR", "n").has_value());
    EXPECT_TRUE(eventually([&] { return reported(EventKind::slow_command) > before; }));
  });
}

// Starts a manager whose database is required.
void Events::start_with(std::uint16_t port, std::string_view environment) {
  RedisConfig required = config(port);
  required.environment = environment;
  required.start_timeout = 30s;
  required.database("main").required = true;
  required.database("main").reconnect.initial = 1ms;
  const StartedManager redis(std::move(required));
}

// The provider returns credentials that expire soon, and throws from the second call on if that is wanted.
void Events::let_credentials_expire(EventKind kind) {
  class Provider final : public CredentialsProvider {
   public:
    explicit Provider(bool fails) noexcept : fails_(fails) {}
    Credentials credentials() override {
      if (fails_ && called_++ != 0) throw std::runtime_error("no token");
      return {.username = "app", .password = Secret("token-of-the-test"), .refresh_after = 100ms};
    }

   private:
    const bool fails_;
    std::atomic<int> called_{0};
  };
  FakeServer server{FakeServer::simple()};
  RedisConfig expiring = config(server.port());
  expiring.defaults.credentials = std::make_shared<Provider>(kind == EventKind::credentials_refresh_failed);
  StartedManager redis(std::move(expiring));
  EXPECT_EQ(redis->client("main").incr("n"), 1);
  EXPECT_TRUE(eventually([&] { return reported(kind) != 0; }));
}

// Each event has only the fields that the table names, and at least one has all that are never missing.
void Events::expect_fields(const EventKindInfo& info) const {
  const std::set<std::string> common = {"ts", "level", "event", "database", "endpoint", "message"};
  const std::set<std::string> may_be_missing = {"percent", "left_seconds", "from",  "to",
                                                "primary", "duration_ms",  "reason"};
  std::set<std::string> allowed;
  std::istringstream words{std::string(info.fields)};
  for (std::string word; words >> word;) allowed.insert(word);
  std::set<std::string> seen;
  for (const nlohmann::json& object : log_->objects(info.kind)) {
    for (const auto& [name, value] : object.items()) {
      if (common.contains(name)) continue;
      EXPECT_TRUE(allowed.contains(name)) << name;
      seen.insert(name);
    }
  }
  for (const std::string& name : allowed)
    EXPECT_TRUE(seen.contains(name) || may_be_missing.contains(name)) << name;
}

void Events::expect_event(EventKind kind) {
  const auto use = [this] {
    FakeServer server{FakeServer::simple()};
    StartedManager redis(config(server.port()));
    EXPECT_EQ(redis->client("main").incr("n"), 1);
  };
  switch (kind) {
    case EventKind::initialized:
    case EventKind::connected:
    case EventKind::disconnected:
    case EventKind::shutdown_begin:
    case EventKind::shutdown_complete:
    case EventKind::shutdown_succeeded: use(); break;
    case EventKind::init_succeeded: {
      FakeServer server{FakeServer::simple()};
      start_with(server.port(), "development");
      break;
    }
    case EventKind::init_failed: start_with(FreePort().number(), "development"); break;
    case EventKind::production_unavailable: start_with(FreePort().number(), "production"); break;
    case EventKind::operation_failed: fail_a_call(); break;
    case EventKind::slow_command: answer_slowly(); break;
    case EventKind::shutdown_failed: keep_a_handle(EventKind::lease_leaked); break;
    case EventKind::connect_failed: {
      FakeServer server([](FakeConnection& connection, std::size_t) { connection.reset(); });
      StartedManager redis(config(server.port()));
      EXPECT_THROW(redis->client("main").ping(), Error);
      break;
    }
    case EventKind::lease_overdue:
    case EventKind::lease_leaked: keep_a_handle(kind); break;
    case EventKind::release_failed: lose_connection_of_a_handle(); break;
    case EventKind::push_dropped: send_pushes(); break;
    case EventKind::circuit_changed: {
      FakeServer server{FakeServer::simple()};
      StartedManager redis(config(server.port()));
      redis->breaker("main").force_open();
      break;
    }
    case EventKind::retrying: refuse_first_command_as_busy(); break;
    case EventKind::loading: answer_as_loading(); break;
    case EventKind::server_changed: replace_the_server(); break;
    case EventKind::config_notice: {
      FakeServer server{FakeServer::simple()};
      RedisConfig noted = config(server.port());
      noted.notices = {{"REDIS_URL", "was in quotes", "remove them"}};
      const StartedManager redis(std::move(noted));
      break;
    }
    case EventKind::credentials_refreshed:
    case EventKind::credentials_refresh_failed: let_credentials_expire(kind); break;
    case EventKind::metrics_failed: {
      class Broken final : public MetricsExporter {
        void add(const Metric& /*metric*/) override { throw std::runtime_error("the collector is away"); }
      };
      FakeServer server{FakeServer::simple()};
      RedisConfig exporting = config(server.port());
      exporting.metrics_exporter = std::make_shared<Broken>();
      StartedManager redis(std::move(exporting));
      redis->shutdown(10s);
      break;
    }
    case EventKind::handler_failed: return;     // Fault84DeathTest in endings_test.cpp: the process ends
    case EventKind::tls_insecure: return;       // tls_test.cpp
    case EventKind::tls_reloaded: return;       // tls_session_test.cpp
    case EventKind::tls_reload_failed: return;  // tls_session_test.cpp
  }
  EXPECT_GE(reported(kind), 1U);
}

// A missing kind is reported by the compiler's warning about the switch.
TEST_F(Events, EachKindIsReportedWithItsFieldsWhenItHappens) {
  for (const EventKindInfo& info : event_table) {
    SCOPED_TRACE(std::string(info.name));
    log_ = std::make_shared<EventLog>();
    expect_event(info.kind);
    if (!log_->objects(info.kind).empty()) expect_fields(info);
  }
}

TEST_F(Events, ReturnedHandlesAreNoReleaseFailures) {
  FakeServer server{FakeServer::simple()};
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->scoped_client("main").incr("n"), 1);
  EXPECT_EQ(redis->scoped_async_client("main")(use_future).get().incr("n")(use_future).get(), 2);
  std::optional<ScopedClient> kept = redis->scoped_client("main");
  EXPECT_EQ(kept->incr("n"), 3);
  redis->shutdown(1ms);
  kept.reset();
  EXPECT_EQ(reported(EventKind::release_failed), 0U) << "shutdown has reported the handle as a leak";
}

}  // namespace
}  // namespace redstart::test
