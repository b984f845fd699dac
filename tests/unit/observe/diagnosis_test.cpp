// SPDX-License-Identifier: Apache-2.0
// diagnosis_test.cpp: texts and remedies of a diagnosis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <redstart/config/impact.hpp>
#include <redstart/observe/diagnosis.hpp>

#include <string>
#include <utility>

namespace redstart {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

DatabaseDiagnosis ready_database(std::string name) {
  DatabaseDiagnosis database;
  database.name = std::move(name);
  database.endpoint = "cache.example:6379";
  database.max_connections = 50;
  database.finding = DatabaseFinding::ready;
  database.server.product = "Valkey";
  database.server.version = "8.1.4";
  database.server.role = "master";
  return database;
}

DatabaseDiagnosis faulty_database(std::string name, Errc code, std::string server = {}) {
  DatabaseDiagnosis database = ready_database(std::move(name));
  database.finding = DatabaseFinding::faulty;
  database.server = {};
  database.impact = default_impact(database.name);
  ErrorInfo info;
  info.code = code;
  info.server = std::move(server);
  info.database = database.name;
  info.endpoint = database.endpoint;
  database.problem = Error(std::move(info));
  return database;
}

TEST(Diagnosis, IsOkWhenNoDatabaseIsFaulty) {
  Diagnosis diagnosis;
  EXPECT_TRUE(diagnosis.ok());
  diagnosis.databases = {ready_database("main"), DatabaseDiagnosis{}};
  EXPECT_TRUE(diagnosis.ok());
  EXPECT_TRUE(diagnosis.can_serve());
}

TEST(Diagnosis, CanServeWithoutAnOptionalDatabase) {
  Diagnosis diagnosis;
  diagnosis.databases = {faulty_database("cache", Errc::connect_refused)};
  EXPECT_FALSE(diagnosis.ok());
  EXPECT_TRUE(diagnosis.can_serve());
  diagnosis.databases[0].required = true;
  EXPECT_FALSE(diagnosis.can_serve());
}

TEST(Diagnosis, ListsFaultyDatabasesFirstWithImpactAndSteps) {
  Diagnosis diagnosis;
  diagnosis.service = "shop";
  diagnosis.environment = "production";
  diagnosis.took = std::chrono::milliseconds(1234);
  diagnosis.databases = {ready_database("main"), faulty_database("sessions", Errc::connect_refused)};
  diagnosis.databases[1].required = true;
  diagnosis.databases.push_back(DatabaseDiagnosis{});
  diagnosis.databases[2].name = "jobs";
  const std::string text = diagnosis.explain();
  EXPECT_THAT(text,
              HasSubstr("shop (production) lacks a required database: 1 ready, 1 not ready, 1 not checked, "
                        "after 1234 ms"));
  EXPECT_LT(text.find("sessions: NOT READY"), text.find("main: ready")) << text;
  EXPECT_LT(text.find("main: ready"), text.find("jobs: not checked")) << text;
  EXPECT_THAT(text, HasSubstr("\n    impact    Users can't sign in"));
  EXPECT_THAT(text, HasSubstr("\n    try       1. Is the server running?"));
  EXPECT_THAT(text, HasSubstr("\n              2. run `redis-cli -h cache.example -p 6379 ping`"));
  EXPECT_THAT(text, HasSubstr("\n              3. read docs/runbook.md#connect_refused"));
  EXPECT_THAT(text, HasSubstr("\n    server    Valkey 8.1.4, master"));
}

TEST(Diagnosis, EscapesTextsOfPeers) {
  Diagnosis diagnosis;
  diagnosis.databases = {ready_database("main")};
  diagnosis.databases[0].server.version = "8\x1b[2J\n";
  const std::string text = diagnosis.explain();
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("8\\x1b[2J\\n"));
}

TEST(DatabaseRemedies, AreEmptyWithoutAProblem) { EXPECT_THAT(ready_database("main").remedies(), IsEmpty()); }

TEST(DatabaseRemedies, FitTheProblem) {
  const auto second = [](Errc code) { return faulty_database("main", code).remedies().at(1); };
  EXPECT_THAT(second(Errc::resolve_failed), HasSubstr("`getent hosts cache.example`"));
  EXPECT_THAT(second(Errc::loading), HasSubstr("`redis-cli -h cache.example -p 6379 info persistence`"));
  EXPECT_THAT(second(Errc::tls_failed),
              HasSubstr("`openssl s_client -connect cache.example:6379 -servername cache.example`"));
  EXPECT_THAT(faulty_database("main", Errc::resource_exhausted).remedies(),
              ElementsAre(HasSubstr("ulimit -n"), "read docs/runbook.md#resource_exhausted"));
}

TEST(DatabaseRemedies, NameTlsUserSocketAndAddress) {
  DatabaseDiagnosis database = faulty_database("main", Errc::authentication_failed, "WRONGPASS no");
  database.tls = true;
  database.authenticates = true;
  database.username = "app";
  database.endpoint = "[::1]:6380";
  EXPECT_THAT(database.remedies(),
              ElementsAre(HasSubstr("Check user name"),
                          HasSubstr("`redis-cli -h ::1 -p 6380 --tls --user app --askpass ping`"),
                          "read docs/runbook.md#wrongpass"));
  database.endpoint = "/run/redis.sock";
  EXPECT_THAT(database.remedies()[1], HasSubstr("`redis-cli -s /run/redis.sock "));
}

TEST(DatabaseRemedies, LeaveOutCommandsThatAShellWouldMisread) {
  DatabaseDiagnosis database = faulty_database("main", Errc::connect_refused);
  for (const char* const endpoint : {"a;b:6379", "$(x):6379", "-h:6379", "a b:6379", "'x':1", "/tmp/a b"}) {
    database.endpoint = endpoint;
    EXPECT_EQ(database.remedies().size(), 2U) << endpoint;
  }
}

TEST(StartErrorText, IsThatOfTheFirstRequiredDatabase) {
  Diagnosis diagnosis;
  diagnosis.databases = {faulty_database("cache", Errc::connect_refused),
                         faulty_database("main", Errc::authentication_failed)};
  diagnosis.databases[1].required = true;
  const StartError error(diagnosis);
  EXPECT_EQ(error.code(), Errc::authentication_failed);
  EXPECT_EQ(error.diagnosis().databases.size(), 2U);
}

}  // namespace
}  // namespace redstart
