// SPDX-License-Identifier: Apache-2.0
// doctor_reports_test.cpp: exit codes, texts, JSON and command line of redis_doctor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "redis_doctor/json_report.hpp"
#include "redis_doctor/options.hpp"
#include "redis_doctor/text_report.hpp"

namespace redstart::doctor {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

DatabaseReport database_with(std::string name, StepState state, bool required = true) {
  DatabaseReport database;
  database.name = std::move(name);
  database.endpoint = "redis.test:6379";
  database.required = required;
  database.impact = "Calls that use it fail.";
  database.steps.push_back(make_step(StepId::connect, StepState::ok, "fine"));
  Step step = make_step(StepId::memory, StepState::ok, "100 B");
  if (state >= StepState::warning) warn(step, "Raise maxmemory of " + database.name, "oom");
  step.state = state;
  step.facts = {{"used_bytes", std::uint64_t{100}}, {"share", 0.5}, {"policy", std::string("noeviction")}};
  database.steps.push_back(std::move(step));
  return database;
}

Report report_with(std::vector<DatabaseReport> databases) {
  Report report;
  report.configuration = make_step(StepId::configuration, StepState::ok, "valid");
  report.databases = std::move(databases);
  return report;
}

Report faulty_configuration() {
  Report report;
  report.configuration = make_step(StepId::configuration, StepState::failed, "1 fault");
  report.configuration.remedy = "file.yaml:3:9: 70000 is no port; 1 to 65535";
  report.configuration.runbook = "docs/runbook.md#configuration";
  report.faults.push_back({"file.yaml:3:9", "70000 is no port", "1 to 65535"});
  return report;
}

CommandLine command_line(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "redis_doctor");
  return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(DoctorExitCode, IsThatOfWorstState) {
  EXPECT_EQ(exit_code(report_with({database_with("a", StepState::ok)})), 0);
  EXPECT_EQ(exit_code(report_with({database_with("a", StepState::unknown)})), 0);
  EXPECT_EQ(exit_code(report_with({database_with("a", StepState::warning)})), 1);
  EXPECT_EQ(
      exit_code(report_with({database_with("a", StepState::warning), database_with("b", StepState::failed)})),
      2);
  EXPECT_EQ(exit_code(faulty_configuration()), 3);
}

TEST(DoctorExitCode, CountsNoticesAsWarnings) {
  Report report = report_with({database_with("a", StepState::ok)});
  warn(report.configuration, "remove it", "configuration");
  EXPECT_EQ(exit_code(report), 1);
}

TEST(DoctorFirstFinding, PrefersFaultsThenRequiredDatabases) {
  const Report report =
      report_with({database_with("a", StepState::warning), database_with("b", StepState::failed, false),
                   database_with("c", StepState::failed)});
  const auto found = first_finding(report);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->database->name, "c");
  EXPECT_FALSE(first_finding(report_with({database_with("a", StepState::unknown)})));
}

TEST(DoctorText, ListsStepsAndEndsWithFirstRemedy) {
  EXPECT_EQ(text_of(report_with({database_with("main", StepState::failed)})),
            "ok       configuration   valid\n"
            "\n"
            "main at redis.test:6379, required\n"
            "ok       connect         fine\n"
            "failed   memory          100 B\n"
            "                         do: Raise maxmemory of main\n"
            "                         see: docs/runbook.md#oom\n"
            "impact   Calls that use it fail.\n"
            "\n"
            "1 fault, 0 warnings. First, for main (memory):\n"
            "  Raise maxmemory of main\n"
            "  docs/runbook.md#oom\n");
}

TEST(DoctorText, ShowsNotesAndImpact) {
  Report report = report_with({database_with("main", StepState::failed)});
  report.databases[0].notes = {"INFO was refused"};
  report.databases[0].impact = "nobody can log in";
  const std::string text = text_of(report);
  EXPECT_THAT(text, HasSubstr("note     INFO was refused\n"));
  EXPECT_THAT(text, HasSubstr("impact   nobody can log in\n"));
}

TEST(DoctorText, IsEmptyWhenQuietAndHealthy) {
  EXPECT_THAT(text_of(report_with({database_with("main", StepState::ok)}), {false, true}), IsEmpty());
  const std::string text =
      text_of(report_with({database_with("main", StepState::warning), database_with("cache", StepState::ok)}),
              {false, true});
  EXPECT_THAT(text, HasSubstr("warning  memory"));
  EXPECT_THAT(text, Not(HasSubstr("connect")));
  EXPECT_THAT(text, Not(HasSubstr("cache")));
}

TEST(DoctorText, PutsUnreachedStepsIntoOneLine) {
  Report report = report_with({database_with("main", StepState::failed)});
  for (const StepId id : {StepId::clients, StepId::evictions})
    report.databases[0].steps.push_back(make_step(id, StepState::skipped, std::string(not_reached)));
  EXPECT_THAT(text_of(report), HasSubstr("skipped  clients, evictions: not reached\n"));
  EXPECT_THAT(text_of(report, {false, true}), Not(HasSubstr("skipped")));
}

TEST(DoctorText, ListsEveryFaultOfConfiguration) {
  const std::string text = text_of(faulty_configuration());
  EXPECT_THAT(text, HasSubstr("fault: file.yaml:3:9: 70000 is no port; 1 to 65535\n"));
  EXPECT_THAT(text, HasSubstr("First (configuration):\n"));
}

TEST(DoctorText, HasEscapeSequencesOnlyWithColour) {
  const Report report = report_with({database_with("main", StepState::failed)});
  EXPECT_THAT(text_of(report), Not(HasSubstr("\x1b")));
  EXPECT_THAT(text_of(report, {true, false}), HasSubstr("\x1b[1;31mfailed   \x1b[0m"));
}

TEST(DoctorJson, HasStepsFactsAndFirstRemedy) {
  const auto json = nlohmann::json::parse(json_of(report_with({database_with("main", StepState::warning)})));
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["warnings"], 1);
  EXPECT_EQ(json["first"]["database"], "main");
  EXPECT_EQ(json["first"]["step"], "memory");
  EXPECT_EQ(json["first"]["runbook"], "docs/runbook.md#oom");
  const auto& step = json["databases"][0]["steps"][1];
  EXPECT_EQ(step["state"], "warning");
  EXPECT_EQ(step["facts"]["used_bytes"], 100);
  EXPECT_EQ(step["facts"]["share"], 0.5);
  EXPECT_EQ(step["facts"]["policy"], "noeviction");
  EXPECT_TRUE(json["databases"][0]["steps"][0]["remedy"].is_null());
}

TEST(DoctorJson, HasFaultsOfConfiguration) {
  const auto json = nlohmann::json::parse(json_of(faulty_configuration()));
  EXPECT_EQ(json["exit_code"], 3);
  EXPECT_EQ(json["faults"][0]["where"], "file.yaml:3:9");
  EXPECT_TRUE(json["first"]["database"].is_null());
  EXPECT_TRUE(json["databases"].empty());
}

TEST(DoctorCommandLine, ReadsEachOption) {
  const CommandLine line =
      command_line({"--config", "a.yaml", "-d", "main", "--database", "cache", "--timeout", "0.5",
                    "--samples", "7", "--json", "--quiet", "--color", "never"});
  EXPECT_FALSE(line.exit) << line.message;
  EXPECT_EQ(line.options.config_file, "a.yaml");
  EXPECT_EQ(line.options.databases, (std::vector<std::string>{"main", "cache"}));
  EXPECT_EQ(line.options.timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(line.options.samples, 7U);
  EXPECT_TRUE(line.options.json);
  EXPECT_TRUE(line.options.quiet);
  EXPECT_EQ(line.options.colour, Colour::never);
}

TEST(DoctorCommandLine, RefusesContradictionsAndWrongValues) {
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"--url", "redis://a", "--config", "b"},
                                             {"--url", "redis://a", "--database", "b"},
                                             {"--timeout", "0"},
                                             {"--timeout", "soon"},
                                             {"--samples", "-1"},
                                             {"--color", "blue"},
                                             {"--nonsense"},
                                             {"word"}}) {
    const CommandLine line = command_line(arguments);
    EXPECT_EQ(line.exit, 64) << arguments[0];
    EXPECT_THAT(line.message, HasSubstr("redis_doctor: "));
  }
}

TEST(DoctorCommandLine, RepeatsNoPasswordOfMisplacedUrl) {
  const char* const url = "redis://:sesame-9@host";
  for (const std::vector<const char*>& arguments : std::vector<std::vector<const char*>>{
           {url}, {"--timeout", url}, {"--color", url}, {"--samples", url}, {"--url", url, url}}) {
    const CommandLine line = command_line(arguments);
    EXPECT_EQ(line.exit, 64) << arguments[0];
    EXPECT_THAT(line.message, Not(HasSubstr("sesame-9"))) << arguments[0];
  }
}

TEST(DoctorCommandLine, ShowsHelpAndVersion) {
  EXPECT_EQ(command_line({"--help"}).exit, 0);
  EXPECT_THAT(command_line({"--help"}).message, HasSubstr("Exit code: 0 no problem, 1 warnings only"));
  EXPECT_EQ(command_line({"--version"}).exit, 0);
  EXPECT_THAT(command_line({"--version"}).message, ::testing::StartsWith("redis_doctor 0."));
}

TEST(DoctorColour, IsForTerminalsWithoutNoColor) {
  EXPECT_TRUE(is_coloured(Colour::automatic, true, nullptr, "xterm"));
  EXPECT_TRUE(is_coloured(Colour::automatic, true, "", nullptr)) << "an empty NO_COLOR has no effect";
  EXPECT_FALSE(is_coloured(Colour::automatic, true, "1", "xterm"));
  EXPECT_FALSE(is_coloured(Colour::automatic, true, nullptr, "dumb"));
  EXPECT_FALSE(is_coloured(Colour::automatic, false, nullptr, "xterm"));
  EXPECT_TRUE(is_coloured(Colour::always, false, "1", "dumb"));
  EXPECT_FALSE(is_coloured(Colour::never, true, nullptr, "xterm"));
}

}  // namespace
}  // namespace redstart::doctor
