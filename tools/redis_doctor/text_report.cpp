// SPDX-License-Identifier: Apache-2.0
// text_report.cpp: writes a report for people.
#include "text_report.hpp"

#include <algorithm>

namespace redstart::doctor {

namespace {

constexpr std::size_t state_width = 9;
constexpr std::size_t name_width = 16;

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  result.resize(std::max(width, text.size()), ' ');
  return result;
}

std::string_view colour_of(StepState state) {
  switch (state) {
    case StepState::ok: return "\x1b[32m";
    case StepState::warning: return "\x1b[33m";
    case StepState::failed: return "\x1b[1;31m";
    case StepState::skipped:
    case StepState::unknown: break;
  }
  return "\x1b[2m";
}

class Writer {
 public:
  explicit Writer(const TextOptions& options) : options_(options) {}

  void step(const Step& step) {
    if (!shows(step)) return;
    title(step.state, padded(to_string(step.id), name_width) + step.summary);
    detail("do: ", step.remedy);
    detail("see: ", step.runbook);
  }
  // Faults and notices stand for the remedy, which is the first of them.
  void configuration(const Report& report) {
    const Step& step = report.configuration;
    if (!shows(step)) return;
    title(step.state, padded(to_string(step.id), name_width) + step.summary);
    faults("fault: ", report.faults);
    faults("notice: ", report.notices);
    detail("see: ", step.runbook);
  }
  void database(const DatabaseReport& database) {
    if (options_.quiet && verdict(database) == StepState::ok) return;
    if (!text_.empty()) line("");
    line(painted(database.name + " at " + database.endpoint, "\x1b[1m") +
         (database.required ? ", required" : ", optional"));
    std::string unreached;
    for (const Step& each : database.steps) {
      if (each.state != StepState::skipped || each.summary != not_reached)
        step(each);
      else
        unreached += (unreached.empty() ? "" : ", ") + std::string(to_string(each.id));
    }
    if (options_.quiet) return;
    if (!unreached.empty()) title(StepState::skipped, unreached + ": " + std::string(not_reached));
    for (const std::string& note : database.notes) line(padded("note", state_width) + note);
    if (verdict(database) == StepState::failed) line(padded("impact", state_width) + database.impact);
  }
  void summary(const Report& report) {
    const auto found = first_finding(report);
    if (!found && options_.quiet) return;
    line("");
    if (!found) return line(painted("No problem found.", colour_of(StepState::ok)));
    line(counted(report.faults.empty() ? count(report, StepState::failed) : report.faults.size(), " fault") +
         ", " + counted(count(report, StepState::warning), " warning") + ". First" +
         (found->database == nullptr ? std::string() : ", for " + found->database->name) + " (" +
         std::string(to_string(found->step->id)) + "):");
    line("  " + found->step->remedy);
    line("  " + found->step->runbook);
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  // Steps that need attention are shown in each mode.
  [[nodiscard]] bool shows(const Step& step) const {
    return !options_.quiet || step.state >= StepState::warning;
  }
  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
  }
  void title(StepState state, std::string_view text) {
    line(painted(padded(to_string(state), state_width), colour_of(state)) + std::string(text));
  }
  void detail(std::string_view label, std::string_view value) {
    if (value.empty()) return;
    line(std::string(state_width + name_width, ' ') + std::string(label) + std::string(value));
  }
  void faults(std::string_view label, const std::vector<ConfigFault>& faults) {
    for (const ConfigFault& fault : faults)
      detail(label, fault.where + ": " + fault.what + (fault.remedy.empty() ? "" : "; " + fault.remedy));
  }
  static std::string counted(std::size_t n, std::string_view what) {
    return std::to_string(n) + std::string(what) + (n == 1 ? "" : "s");
  }
  [[nodiscard]] std::string painted(std::string_view text, std::string_view colour) const {
    if (!options_.colour) return std::string(text);
    return std::string(colour) + std::string(text) + "\x1b[0m";
  }

  const TextOptions options_;
  std::string text_{};
};

}  // namespace

std::string text_of(const Report& report, const TextOptions& options) {
  Writer writer(options);
  writer.configuration(report);
  for (const DatabaseReport& database : report.databases) writer.database(database);
  writer.summary(report);
  return std::move(writer).text();
}

}  // namespace redstart::doctor
