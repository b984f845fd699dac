// SPDX-License-Identifier: Apache-2.0
// operational.cpp: judges SET, GET and DEL of a temporary key.
#include "operational.hpp"

#include "../core/failures.hpp"

#include <redstart/core/server_reply.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0::health {

namespace {

// True for errors that say nothing about the server's ability to work.
bool proves_nothing(std::string_view word) noexcept {
  return word == "NOPERM" || word == "ERR" || word == "MOVED" || word == "ASK" || word == "READONLY";
}

// The result of a command, unless its reply is wrong.
CheckResult result_of(const ProbeStep& step) noexcept {
  if (step.result == CheckResult::failed && proves_nothing(error_word(step.refused)))
    return CheckResult::unknown;
  return step.result;
}

void take_refusal(DatabaseHealth& health, std::string_view command, const ProbeStep& step) {
  const std::string_view word = error_word(step.refused);
  health.operational.message = std::string(command) + " was refused: " + step.refused;
  if (word == "READONLY") {
    health.warnings.push_back({"read_only", "the server is a read-only replica: writes fail",
                               std::string(failure::advice_for(word))});
  } else if (proves_nothing(word)) {
    std::string note = "it is unknown whether keys can be used: " + health.operational.message;
    if (word == "NOPERM")
      note += ". Allow the keys of HealthPolicy::key_prefix, or set operational_check to false";
    health.notes.push_back(std::move(note));
  } else {
    health.warnings.push_back(
        {"writes_fail", health.operational.message, std::string(failure::advice_for(word))});
  }
}

}  // namespace

void judge_operations(DatabaseHealth& health, const ProbeFacts& facts) {
  OperationalHealth& operational = health.operational;
  if (!facts.operational) {
    operational.message = "not checked: HealthPolicy::operational_check is false";
    return;
  }
  operational.set = result_of(facts.set);
  operational.get = result_of(facts.get);
  operational.del = result_of(facts.del);
  if (facts.get.result == CheckResult::ok && facts.get.text != facts.value) {
    operational.get = CheckResult::failed;
    operational.message = "GET did not return the value that SET had written";
    health.warnings.push_back(
        {"lost_write", operational.message,
         "Is the endpoint a proxy or a replica? Keys may also be evicted at once: see maxmemory"});
  } else if (facts.del.result == CheckResult::ok && facts.del.text != "1") {
    operational.del = CheckResult::failed;
    operational.message = "DEL did not find the key that SET had written";
    health.warnings.push_back(
        {"lost_write", operational.message,
         "Is the endpoint a proxy or a replica? Keys may also be evicted at once: see maxmemory"});
  }
  const struct {
    std::string_view command;
    const ProbeStep& step;
  } steps[] = {{"SET", facts.set}, {"GET", facts.get}, {"DEL", facts.del}};
  for (const auto& [command, step] : steps)
    if (step.result == CheckResult::failed && operational.message.empty())
      take_refusal(health, command, step);

  bool all = true;
  operational.result = CheckResult::ok;
  for (const CheckResult result : {operational.set, operational.get, operational.del}) {
    if (result == CheckResult::failed) operational.result = CheckResult::failed;
    all = all && result == CheckResult::ok;
  }
  if (operational.result == CheckResult::ok && !all) operational.result = CheckResult::unknown;
  if (all) operational.duration = facts.set.duration + facts.get.duration + facts.del.duration;
  if (!all && operational.message.empty()) operational.message = "there was no reply";
}

}  // namespace redstart::inline v0::health
