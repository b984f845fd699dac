// SPDX-License-Identifier: Apache-2.0
// diagnosis.cpp: a diagnosis as text, with the steps against each problem.
#include <redstart/core/peer_text.hpp>
#include <redstart/core/runbook.hpp>
#include <redstart/observe/diagnosis.hpp>

#include "server_address.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0 {

namespace {

constexpr std::size_t indent = 14;

// True if a shell takes the text as one plain word.
bool is_plain_word(std::string_view text) noexcept {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == ':' || c == '_' || c == '-' || c == '/';
  });
}

std::string redis_cli(const DatabaseDiagnosis& database, std::string_view command) {
  const ServerAddress server = ServerAddress::of(database.endpoint);
  std::string line = "run `redis-cli ";
  line += server.port.empty() ? "-s " : "-h ";
  line += server.host;
  if (!server.port.empty()) line.append(" -p ").append(server.port);
  if (database.tls) line += " --tls";
  if (is_plain_word(database.username)) line += " --user " + database.username;
  if (database.authenticates) line += " --askpass";
  line += " ";
  line += command;
  return line + "`";
}

// A command that shows the cause, for those that have one.
std::string command_against(const DatabaseDiagnosis& database) {
  const ServerAddress server = ServerAddress::of(database.endpoint);
  if (!is_plain_word(server.host)) return {};
  const std::string host(server.host);
  switch (database.problem->code()) {
    case Errc::resolve_failed: return "run `getent hosts " + host + "`: it should print an address";
    case Errc::connect_refused:
    case Errc::connect_timeout:
    case Errc::connect_failed:
    case Errc::handshake_failed:
    case Errc::authentication_failed:
      return redis_cli(database, "ping") + " on this host: it should print PONG";
    case Errc::loading: return redis_cli(database, "info persistence") + " and wait for `loading:0`";
    case Errc::tls_failed:
      if (!is_plain_word(database.endpoint)) return {};  // an address of IPv6 has brackets
      return "run `openssl s_client -connect " + database.endpoint + " -servername " + host +
             "` and look at the certificate";
    case Errc::circuit_open:
    case Errc::timeout:
    case Errc::connection_lost: return redis_cli(database, "--latency") + " and `redis-cli slowlog get`";
    default: return {};
  }
}

void add_line(std::string& text, std::string_view label, std::string_view value) {
  text += "\n    ";
  text += label;
  text.append(indent - 4 - label.size(), ' ');
  text += value;
}

std::string settings_of(const DatabaseDiagnosis& database) {
  std::string text = peer_text(database.endpoint) + ", database " + std::to_string(database.number);
  if (!database.username.empty()) text += ", user " + peer_text(database.username);
  if (database.tls) text += ", TLS";
  text += ", at most " + std::to_string(database.max_connections) + " connections";
  return text + (database.required ? ", required" : ", optional");
}

std::string name_of(const ServerIdentity& server) {
  std::string text;
  const auto add = [&text](const std::string& part, std::string_view between) {
    if (part.empty()) return;
    if (!text.empty()) text += between;
    text += peer_text(part);
  };
  add(server.product, "");
  add(server.version, " ");
  add(server.mode, ", ");
  add(server.role, ", ");
  if (!server.availability_zone.empty()) add("zone " + server.availability_zone, ", ");
  return text;
}

void describe_database(std::string& text, const DatabaseDiagnosis& database) {
  text += "\n  ";
  text += peer_text(database.name);
  text += ": ";
  switch (database.finding) {
    case DatabaseFinding::ready: text += "ready"; break;
    case DatabaseFinding::faulty: text += "NOT READY"; break;
    case DatabaseFinding::not_checked: text += "not checked, connects when it is used"; break;
  }
  add_line(text, "settings", settings_of(database));
  if (const std::string server = name_of(database.server); !server.empty()) add_line(text, "server", server);
  if (database.problem) {
    add_line(text, "problem", database.problem->what());
    if (!database.impact.empty()) add_line(text, "impact", peer_text(database.impact));
    std::size_t step = 0;
    for (const std::string& remedy : database.remedies()) {
      ++step;
      add_line(text, step == 1 ? "try" : "", std::to_string(step) + ". " + remedy);
    }
  }
  for (const std::string& note : database.notes) add_line(text, "note", note);
}

bool lacks(const DatabaseDiagnosis& database) noexcept {
  return database.required && database.finding == DatabaseFinding::faulty;
}

const Error& first_problem(const Diagnosis& diagnosis) {
  return *std::find_if(diagnosis.databases.begin(), diagnosis.databases.end(), lacks)->problem;
}

}  // namespace

std::vector<std::string> DatabaseDiagnosis::remedies() const {
  std::vector<std::string> steps;
  if (!problem) return steps;
  const ErrcInfo* const row = errc_info(problem->code());
  std::string advice = problem->info().advice;
  if (advice.empty() && row != nullptr) advice = row->advice;
  if (!advice.empty()) steps.push_back(std::move(advice));
  if (std::string command = command_against(*this); !command.empty()) steps.push_back(std::move(command));
  steps.push_back("read " + runbook_entry(problem->code(), problem->info().server));
  return steps;
}

bool Diagnosis::ok() const noexcept {
  return std::none_of(databases.begin(), databases.end(), [](const DatabaseDiagnosis& database) {
    return database.finding == DatabaseFinding::faulty;
  });
}

bool Diagnosis::can_serve() const noexcept { return std::none_of(databases.begin(), databases.end(), lacks); }

std::string Diagnosis::explain() const {
  const auto count = [this](DatabaseFinding finding) {
    return std::count_if(databases.begin(), databases.end(),
                         [finding](const DatabaseDiagnosis& one) { return one.finding == finding; });
  };
  std::string text = "redstart: " + peer_text(service) + " (" + peer_text(environment) + ") ";
  text += !can_serve() ? "lacks a required database"
          : !ok()      ? "lacks an optional database"
                       : "lacks no database";
  text += ": " + std::to_string(count(DatabaseFinding::ready)) + " ready, " +
          std::to_string(count(DatabaseFinding::faulty)) + " not ready, " +
          std::to_string(count(DatabaseFinding::not_checked)) + " not checked, after " +
          std::to_string(std::chrono::round<std::chrono::milliseconds>(took).count()) + " ms";
  for (const DatabaseFinding finding :
       {DatabaseFinding::faulty, DatabaseFinding::ready, DatabaseFinding::not_checked})
    for (const DatabaseDiagnosis& database : databases)
      if (database.finding == finding) describe_database(text, database);
  return text;
}

StartError::StartError(Diagnosis diagnosis)
    : Unavailable(first_problem(diagnosis)),
      diagnosis_(std::make_shared<const Diagnosis>(std::move(diagnosis))) {}

}  // namespace redstart::inline v0
