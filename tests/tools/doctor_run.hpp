// SPDX-License-Identifier: Apache-2.0
// doctor_run.hpp: runs redis_doctor as its users do.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace redstart::test {

/// Output and exit code of one run.
struct DoctorRun {
  int exit_code = -1;
  std::string output{};  ///< Standard output and standard error.

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(output, nullptr, false); }
};

/// One run of a shell command.
inline DoctorRun run_once(const std::string& command) {
  DoctorRun run;
  FILE* const pipe = ::popen((command + " 2>&1 </dev/null").c_str(), "r");
  if (pipe == nullptr) return run;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) != 0;)
    run.output.append(buffer, n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
  return run;
}

/// Runs redis_doctor with these arguments, which have no single quotes, and with no other variables than
/// `variables`, in the folder `/`. Runs it again if this machine was so slow that it found connecting or
/// PINGs slow.
inline DoctorRun run_doctor(std::initializer_list<std::string_view> arguments,
                            const std::string& variables = {}) {
  std::string command = "cd / && env -i " + variables + " '" REDSTART_DOCTOR "'";
  for (const std::string_view argument : arguments) command += " '" + std::string(argument) + "'";
  DoctorRun run;
  for (int attempt = 0; attempt != 20; ++attempt) {
    run = run_once(command);
    if (run.output.find("runbook.md#slow_connect") == std::string::npos &&
        run.output.find("runbook.md#latency") == std::string::npos)
      break;
  }
  return run;
}

[[nodiscard]] inline std::string url_of(std::uint16_t port, const std::string& user = {}) {
  return "redis://" + user + "127.0.0.1:" + std::to_string(port);
}

/// Checks the exit code and the first remedy of a run with `--json`.
inline void expect_first_remedy(const DoctorRun& run, int exit_code, const std::string& step,
                                const std::string& remedy, const std::string& entry) {
  const nlohmann::json json = run.json();
  ASSERT_TRUE(json.is_object()) << run.output;
  EXPECT_EQ(run.exit_code, exit_code) << run.output;
  EXPECT_EQ(json["exit_code"], exit_code);
  ASSERT_TRUE(json["first"].is_object()) << run.output;
  EXPECT_EQ(json["first"]["step"], step) << run.output;
  EXPECT_THAT(json["first"]["remedy"].get<std::string>(), ::testing::HasSubstr(remedy));
  EXPECT_EQ(json["first"]["runbook"], "docs/runbook.md#" + entry);
}

}  // namespace redstart::test
