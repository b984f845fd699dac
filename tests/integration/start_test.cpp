// SPDX-License-Identifier: Apache-2.0
// start_test.cpp: `start()`, the connections it waits for, and diagnoses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Diagnoses : public RedisTest {
 protected:
  // `main` works, `sessions` does not, `cache` is optional.
  RedisConfig config() {
    RedisConfig config = config_at(server());
    config.database("main");
    config.database("sessions").endpoint.port = unused_.number();
    config.database("sessions").required = true;
    config.database("cache");
    return config;
  }
  static const DatabaseDiagnosis& find(const Diagnosis& diagnosis, std::string_view name) {
    for (const DatabaseDiagnosis& database : diagnosis.databases)
      if (database.name == name) return database;
    throw std::runtime_error("no such database in the diagnosis");
  }

 private:
  FreePort unused_{};
};

TEST_F(Diagnoses, StartReportsEachDatabase) {
  RedisConnectionManager redis;
  const Diagnosis diagnosis = redis.start(config());
  EXPECT_FALSE(diagnosis.can_serve());
  ASSERT_EQ(diagnosis.databases.size(), 3U);
  const DatabaseDiagnosis& main = find(diagnosis, "main");
  EXPECT_EQ(main.finding, DatabaseFinding::ready);
  EXPECT_TRUE(main.required);
  EXPECT_EQ(main.server.product, "Redis");
  EXPECT_EQ(main.server.role, "master");
  const DatabaseDiagnosis& sessions = find(diagnosis, "sessions");
  EXPECT_EQ(sessions.finding, DatabaseFinding::faulty);
  EXPECT_EQ(sessions.number, 2);
  EXPECT_EQ(sessions.problem->code(), Errc::connect_refused);
  EXPECT_THAT(sessions.impact, HasSubstr("sign in"));
  EXPECT_EQ(find(diagnosis, "cache").finding, DatabaseFinding::not_checked);
  EXPECT_TRUE(redis.started()) << "it starts degraded";
  EXPECT_EQ(redis.client("main").ping(), "PONG");
}

TEST_F(Diagnoses, CompleteStartFailsWithoutARequiredDatabase) {
  RedisConnectionManager redis;
  RedisConfig complete = config();
  complete.start_mode = StartMode::complete;
  try {
    redis.start(complete);
    FAIL() << "it must not start";
  } catch (const StartError& error) {
    EXPECT_EQ(error.code(), Errc::connect_refused);
    EXPECT_EQ(error.info().database, "sessions");
    EXPECT_THAT(error.diagnosis().explain(), HasSubstr("sessions: NOT READY"));
  }
  EXPECT_FALSE(redis.started());
  EXPECT_EQ(error_of([&] { return redis.client("main"); }).code(), Errc::not_started);
  complete.database("sessions").endpoint.port = server().port();
  EXPECT_TRUE(redis.start(complete).ok());
  EXPECT_EQ(redis.sessions().ping(), "PONG");
}

TEST_F(Diagnoses, StartWithoutTimeoutChecksNothing) {
  RedisConnectionManager redis;
  RedisConfig quick = config();
  quick.start_timeout = 0ms;
  quick.start_mode = StartMode::complete;
  for (const DatabaseDiagnosis& database : redis.start(quick).databases)
    EXPECT_EQ(database.finding, DatabaseFinding::not_checked) << database.name;
}

TEST_F(Diagnoses, DiagnoseExaminesOptionalDatabasesToo) {
  StartedManager redis(config());
  const Diagnosis diagnosis = redis->diagnose();
  EXPECT_EQ(find(diagnosis, "cache").finding, DatabaseFinding::ready);
  EXPECT_FALSE(find(diagnosis, "cache").server.run_id.empty());
  EXPECT_EQ(find(diagnosis, "sessions").finding, DatabaseFinding::faulty);
}

TEST_F(Diagnoses, DiagnoseWaitsForSilentServersAtTheSameTime) {
  Gate over;
  FakeServer silent([&](FakeConnection& connection, std::size_t) { connection.wait(over); });
  RedisConfig config = config_at(silent.port());
  for (const std::string_view name : {"main", "cache", "sessions", "jobs", "logs", "agents"})
    config.database(name).required = false;
  StartedManager redis(std::move(config));
  const Diagnosis diagnosis = redis->diagnose(2s);
  over.open();
  EXPECT_LT(diagnosis.took, 10s) << "one after the other takes 12 s";
  for (const DatabaseDiagnosis& database : diagnosis.databases)
    EXPECT_EQ(database.problem->code(), Errc::connect_timeout) << database.name;
}

TEST_F(Diagnoses, DiagnoseOfStoppedManagerFails) {
  const RedisConnectionManager redis;
  EXPECT_EQ(error_of([&] { return redis.diagnose(); }).code(), Errc::not_started);
}

class NamedAccessors : public RedisTest {};

TEST_F(NamedAccessors, SelectTheirDatabase) {
  StartedManager redis(config_at(server()));
  using Sync = Client (ClientProvider::*)(TimeLimit);
  using Async = AsyncClient (ClientProvider::*)();
  const std::pair<Sync, Async> accessors[] = {{&ClientProvider::main, &ClientProvider::async_main},
                                              {&ClientProvider::cache, &ClientProvider::async_cache},
                                              {&ClientProvider::sessions, &ClientProvider::async_sessions},
                                              {&ClientProvider::pubsub, &ClientProvider::async_pubsub},
                                              {&ClientProvider::knowledge, &ClientProvider::async_knowledge},
                                              {&ClientProvider::prompts, &ClientProvider::async_prompts},
                                              {&ClientProvider::agents, &ClientProvider::async_agents},
                                              {&ClientProvider::metrics, &ClientProvider::async_metrics},
                                              {&ClientProvider::logs, &ClientProvider::async_logs},
                                              {&ClientProvider::jobs, &ClientProvider::async_jobs},
                                              {&ClientProvider::workflows, &ClientProvider::async_workflows},
                                              {&ClientProvider::db11, &ClientProvider::async_db11},
                                              {&ClientProvider::db12, &ClientProvider::async_db12},
                                              {&ClientProvider::db13, &ClientProvider::async_db13},
                                              {&ClientProvider::db14, &ClientProvider::async_db14},
                                              {&ClientProvider::db15, &ClientProvider::async_db15}};
  int number = 0;
  for (const auto& [sync, async] : accessors) {
    ClientProvider& provider = *redis;
    (provider.*sync)({}).set("number", std::to_string(number));
    EXPECT_EQ((provider.*async)().get("number")(boost::asio::use_future).get(), std::to_string(number));
    raw().text({"SELECT", std::to_string(number)});
    EXPECT_EQ(raw().text({"GET", "number"}), std::to_string(number));
    ++number;
  }
  raw().text({"SELECT", "0"});
}

TEST(Start, ConnectsAllDatabasesConcurrently) {
  Gate over;
  const auto silent = [&](FakeConnection& connection, std::size_t) { connection.wait(over); };
  FakeServer one(silent);
  FakeServer other(silent);
  FakeServer healthy(FakeServer::simple());
  RedisConfig config = config_at(healthy.port());
  config.defaults.timeouts.connect = 60s;
  config.start_timeout = 60s;
  config.database("cache").endpoint.port = one.port();
  config.database("cache").required = true;
  config.database("queue").endpoint.port = other.port();
  config.database("queue").required = true;
  config.database("sessions").required = true;
  RedisConnectionManager redis;
  std::jthread starts([&] { redis.start(std::move(config)); });
  EXPECT_TRUE(eventually([&] {
    return one.accepted() == 1 && other.accepted() == 1 && healthy.accepted() >= 1;
  })) << "all must connect before the first attempt ends";
  over.open();
  starts.join();
  EXPECT_EQ(redis.client("sessions").ping(), "PONG");
}

}  // namespace
}  // namespace redstart::test
