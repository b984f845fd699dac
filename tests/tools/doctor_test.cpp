// SPDX-License-Identifier: Apache-2.0
// doctor_test.cpp: redis_doctor in prepared situations: the right remedy comes first.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor_run.hpp"
#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/server_states.hpp"
#include "support/temporary_folder.hpp"

namespace redstart::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Doctor : public RedisTest {
 protected:
  // A server of the test's own: warnings about the shared one would depend on other tests.
  static DoctorRun check(std::uint16_t port, const std::string& user = {}) {
    return run_doctor({"--url", url_of(port, user), "--json", "--timeout", "10"});
  }
};

TEST_F(Doctor, FindsNothingWrongWithHealthyServer) {
  const RedisServer server;
  const DoctorRun run = check(server.port());
  EXPECT_EQ(run.exit_code, 0) << run.output;
  const nlohmann::json json = run.json();
  EXPECT_TRUE(json["first"].is_null());
  ASSERT_EQ(json["databases"].size(), 1U);
  EXPECT_EQ(json["databases"][0]["steps"].size(), 11U);
  for (const auto& step : json["databases"][0]["steps"])
    EXPECT_EQ(step["state"], step["step"] == "tls" ? "skipped" : "ok") << step;
  EXPECT_EQ(RawRedis(server.port()).integer({"DBSIZE"}), 0) << "must not create a key";
  const DoctorRun text = run_doctor({"--url", url_of(server.port())});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.output, HasSubstr("No problem found."));
  EXPECT_THAT(text.output, HasSubstr("127.0.0.1, from --url"));
  EXPECT_THAT(text.output, Not(HasSubstr("\x1b"))) << "no colours outside of a terminal";
  EXPECT_EQ(run_doctor({"--url", url_of(server.port()), "--quiet"}).output, "");
  EXPECT_THAT(run_doctor({"--url", url_of(server.port()), "--color", "always"}).output,
              HasSubstr("\x1b[32mok"));
}

TEST_F(Doctor, AdvisesToCheckNameThatDoesNotResolve) {
  expect_first_remedy(run_doctor({"--url", "redis://redis.invalid", "--json", "--timeout", "5"}), 2,
                      "resolve", "Check the host name", "resolve_failed");
}

TEST_F(Doctor, AdvisesToStartServerIfNothingListens) {
  const FreePort nobody;
  expect_first_remedy(check(nobody.number()), 2, "connect", "Is the server running?", "connect_refused");
}

TEST_F(Doctor, AdvisesToCheckCredentialsIfPasswordIsWrong) {
  const RedisServer server({"--requirepass", "sesame-1"});
  const DoctorRun run = check(server.port(), ":sesame-2@");
  expect_first_remedy(run, 2, "authentication", "Check user name and password", "wrongpass");
  EXPECT_THAT(run.output, Not(HasSubstr("sesame")));
  expect_first_remedy(check(server.port()), 2, "authentication", "Check user name and password", "noauth");
  EXPECT_EQ(check(server.port(), ":sesame-1@").exit_code, 0);
}

TEST_F(Doctor, AdvisesToWaitWhileServerIsLoading) {
  std::vector<std::string> arguments = slow_to_load();
  arguments.insert(arguments.end(), {"--key-load-delay", "500000"});  // 10 s: the program has to start first
  RedisServer server(std::move(arguments));
  {
    RawRedis raw(server.port());
    fill_to_load_slowly(raw, 20);
    raw.text({"SAVE"});
  }
  server.kill();
  server.start();
  ASSERT_TRUE(is_loading(server));
  expect_first_remedy(check(server.port()), 2, "ready", "Wait", "loading");
}

TEST_F(Doctor, AdvisesToUseMasterInsteadOfReplica) {
  const FreePort nowhere;
  const RedisServer replica({"--replicaof", "127.0.0.1", nowhere.text()});
  expect_first_remedy(check(replica.port()), 2, "role", "point the endpoint's name at the master",
                      "readonly");
}

TEST_F(Doctor, AdvisesToRaiseNearlyFullMemory) {
  const RedisServer server;
  RawRedis raw(server.port());
  const std::string value(1'000'000, 'x');
  for (int i = 0; i != 20; ++i) raw.command({"SET", "key:" + std::to_string(i), value});
  const std::uint64_t used = std::stoull(raw.info("used_memory"));
  raw.text({"CONFIG", "SET", "maxmemory", std::to_string(used + used / 20)});
  expect_first_remedy(check(server.port()), 1, "memory", "Raise maxmemory", "oom");
  raw.text({"CONFIG", "SET", "maxmemory", "1"});
  expect_first_remedy(check(server.port()), 2, "memory", "raise maxmemory", "oom");
}

TEST_F(Doctor, AdvisesToRaiseMemoryIfKeysAreEvicted) {
  const RedisServer server({"--maxmemory", "20mb", "--maxmemory-policy", "allkeys-lru"});
  RawRedis raw(server.port());
  const std::string value(200'000, 'x');
  for (int i = 0; i != 200; ++i) raw.command({"SET", "key:" + std::to_string(i), value});
  const DoctorRun run = check(server.port());
  expect_first_remedy(run, 1, "evictions", "Raise maxmemory", "evictions");
}

TEST_F(Doctor, AdvisesToRaiseLimitOfClients) {
  const RedisServer server({"--maxclients", "20"});
  std::vector<RawRedis> clients;
  for (int i = 0; i != 16; ++i) {
    clients.emplace_back(server.port());
    clients.back().text({"PING"});
  }
  expect_first_remedy(check(server.port()), 1, "clients", "Raise maxclients", "maxclients");
}

TEST_F(Doctor, AdvisesToMakeRoomForClients) {
  const RedisServer server({"--maxclients", "2"});
  RawRedis first(server.port());
  first.text({"PING"});
  RawRedis second(server.port());
  second.text({"PING"});
  expect_first_remedy(check(server.port()), 2, "handshake", "maxclients", "maxclients");
}

TEST_F(Doctor, AdvisesToLookAtServerThatDoesNotAnswer) {
  RedisServer server;
  server.pause();
  const DoctorRun run = run_doctor({"--url", url_of(server.port()), "--json", "--timeout", "0.3"});
  server.resume();
  expect_first_remedy(run, 2, "handshake", "It accepts connections but does not answer", "connect_timeout");
}

TEST_F(Doctor, AdvisesToKillEndlessScript) {
  const RedisServer server(EndlessScript::impatient());
  EndlessScript script(server);
  ASSERT_TRUE(script.noticed());
  expect_first_remedy(check(server.port()), 2, "ready", "SCRIPT KILL", "busy");
}

TEST_F(Doctor, AdvisesToCheckDiskIfServerCannotSave) {
  const RedisServer server(slow_to_save());
  ASSERT_TRUE(let_saving_fail(server));
  const DoctorRun run = check(server.port());
  expect_first_remedy(run, 2, "role", "see its log and its disk", "misconf");
  EXPECT_THAT(run.output, HasSubstr("PING was refused: MISCONF")) << "the latency is unknown";
}

TEST_F(Doctor, ExaminesUnixSocket) {
  const RedisServer server;
  const DoctorRun run = run_doctor({"--url", "redis+unix://" + server.socket_path(), "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("a Unix socket has no name"));
}

TEST_F(Doctor, ListsEveryFaultOfConfigurationWithItsPlace) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "redis-databases.yaml", "databases:\n  main:\n    port: sesame-3\n    timeuts: {connect: 1s}\n");
  const DoctorRun run = run_doctor({"--config", file, "--json"});
  expect_first_remedy(run, 3, "configuration", file + ":3:", "configuration");
  EXPECT_EQ(run.json()["faults"].size(), 2U) << run.output;
  EXPECT_THAT(run.output, HasSubstr("timeouts")) << "a suggestion";
  EXPECT_THAT(run.output, Not(HasSubstr("sesame")));
  EXPECT_THAT(run_doctor({"--config", file}).output, HasSubstr("fault: " + file + ":4:"));
}

TEST_F(Doctor, ReportsFaultsOfUrlWithoutItsPassword) {
  const DoctorRun run = run_doctor({"--url", "redis://:sesame-4@host:70000", "--json"});
  expect_first_remedy(run, 3, "configuration", "--url", "configuration");
  EXPECT_THAT(run.output, Not(HasSubstr("sesame")));
  EXPECT_EQ(run_doctor({"--url", ""}).exit_code, 64);
}

TEST_F(Doctor, ExaminesAllOrSelectedDatabasesOfFile) {
  const RedisServer server;
  const FreePort nobody;
  const TemporaryFolder folder;
  const std::string file =
      folder.write("redis-databases.yaml",
                   "defaults: {host: 127.0.0.1, port: " + std::to_string(server.port()) +
                       "}\ndatabases:\n  cache: {port: " + nobody.text() + ", impact: Pages are slow.}\n");
  const DoctorRun all = run_doctor({"--config", file, "--json"});
  expect_first_remedy(all, 2, "connect", "Is the server running?", "connect_refused");
  EXPECT_EQ(all.json()["first"]["database"], "cache");
  EXPECT_EQ(all.json()["databases"].size(), 2U);
  EXPECT_THAT(run_doctor({"--config", file}).output, HasSubstr("impact   Pages are slow."));
  EXPECT_EQ(run_doctor({"--config", file, "--database", "main"}).exit_code, 0);
  EXPECT_EQ(run_doctor({"--json"}, "REDIS_CONFIG_FILE='" + file + "'").json()["databases"].size(), 2U);
  const DoctorRun unknown = run_doctor({"--config", file, "--database", "cash"});
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_THAT(unknown.output, HasSubstr("no database \"cash\" is configured; there are: main, cache"));
}

TEST_F(Doctor, NamesSourceOfHostAndWarnsOfNotices) {
  const RedisServer server;
  const DoctorRun run =
      run_doctor({"--json"}, "REDIS_HOST=127.0.0.1 REDIS__DECODE_RESPONSES=yes REDIS_PORT=" +
                                 std::to_string(server.port()));
  EXPECT_THAT(run.output, HasSubstr("127.0.0.1, from REDIS_HOST"));
  expect_first_remedy(run, 1, "configuration", "REDIS__DECODE_RESPONSES", "configuration");
}

TEST_F(Doctor, ShowsItsNameToServer) {
  const RedisServer server;
  RawRedis raw(server.port());
  raw.text({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
  EXPECT_EQ(check(server.port()).exit_code, 0);
  const RawReply slow = raw.command({"SLOWLOG", "GET", "1000"});
  std::string names;
  for (const RawReply& entry : slow.elements)
    for (const RawReply& part : entry.elements) names += part.text + ' ';
  EXPECT_THAT(names, HasSubstr("redis_doctor:main"));
}

TEST_F(Doctor, ReportsWhichPermissionIsMissing) {
  const RedisServer server;
  RawRedis raw(server.port());
  raw.text({"ACL", "SETUSER", "visitor", "on", ">sesame-5", "~*", "+@read", "+@connection", "+select"});
  const DoctorRun run = check(server.port(), "visitor:sesame-5@");
  EXPECT_EQ(run.exit_code, 0) << "unknown is no fault: " << run.output;
  EXPECT_THAT(run.output, HasSubstr("Grant the user `+info`"));
  EXPECT_THAT(run.output, HasSubstr("Grant the user `+setrange ~redstart:validate`"));
}

// Texts of a server must not reach the terminal as they are.
TEST(DoctorOfScriptedServer, EscapesTextsOfServer) {
  using Words = FakeConnection::Words;
  const std::string hostile = "\x1b]0;owned\x07";
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words.empty()) return {};
      if (words[0] == "INFO")
        return resp_bulk("redis_version:7" + hostile + "\r\nredis_mode:" + hostile + "\r\nrole:" + hostile +
                         "\r\nmaxmemory:100\r\nused_memory:50\r\nmaxmemory_policy:" + hostile + "\r\n");
      return "-ERR " + hostile + "\r\n";
    });
  });
  for (const std::string_view form : {"--color=never", "--json"}) {
    const DoctorRun run = run_doctor({"--url", url_of(server.port()), form});
    EXPECT_NE(run.exit_code, 64);
    EXPECT_THAT(run.output, HasSubstr("owned"));
    EXPECT_THAT(run.output, Not(HasSubstr("\x1b"))) << run.output;
    EXPECT_THAT(run.output, Not(HasSubstr("\x07")));
  }
}

TEST(DoctorUsage, EndsWithCodeOfItsOwn) {
  EXPECT_EQ(run_doctor({"--nonsense"}).exit_code, 64);
  EXPECT_EQ(run_doctor({"--help"}).exit_code, 0);
}

}  // namespace
}  // namespace redstart::test
