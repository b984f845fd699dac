// SPDX-License-Identifier: Apache-2.0
// server_events.cpp: composes the events of one server.
#include "operation_of.hpp"
#include "server.hpp"

#include <redstart/commands/session_state.hpp>
#include <redstart/engine/channel.hpp>

#include <cstddef>
#include <cstdio>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

EventSettings event_settings_of(const DatabaseConfig& config) noexcept {
  EventSettings settings;
  const Endpoint& endpoint = config.endpoint;
  settings.host = endpoint.is_unix() ? endpoint.unix_path : endpoint.host;
  if (!endpoint.is_unix()) settings.port = endpoint.port;
  settings.number = config.number.value_or(0);
  settings.max_connections = config.max_connections;
  return settings;
}

}  // namespace

void Server::emit(Event event) const noexcept {
  event.endpoint = origin_.endpoint;
  database_->events().emit(event);
}

void Server::connection_closed(CloseReason reason) const noexcept {
  emit({.kind = EventKind::disconnected, .detail = to_string(reason), .reason = to_string(reason)});
}

void Server::pushes_dropped(std::uint64_t messages) const noexcept {
  if (!database_->events().listens()) return;
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%llu unsolicited %s", static_cast<unsigned long long>(messages),
                    messages == 1 ? "message" : "messages");
  emit(
      {.kind = EventKind::push_dropped, .detail = {text, static_cast<std::size_t>(size)}, .count = messages});
}

void Server::unauthenticated(const Cause& why, std::uint64_t refused) const noexcept {
  if (refused != 0) database_->credentials()->refused(refused, Clock::now());
  if (!database_->events().listens()) return;
  try {
    const std::string text = why.server.empty() ? why.what : why.what + ": \"" + why.server + "\"";
    emit({.kind = EventKind::credentials_refresh_failed, .detail = text});
  } catch (const std::bad_alloc&) {
    // The event is lost; the connection is closed nevertheless.
  }
}

void Server::connection_ready(std::uint64_t failures, std::chrono::nanoseconds duration,
                              bool first) const noexcept {
  char text[64] = "";
  if (failures != 0)
    std::snprintf(text, sizeof text, "after %llu failed attempts", static_cast<unsigned long long>(failures));
  emit({.kind = EventKind::connected, .detail = text, .count = failures, .duration = duration});
  if (first) emit({.kind = EventKind::initialized, .settings = event_settings_of(config())});
}

void Server::connect_failed(const Error& error, std::uint64_t failures) const {
  if (failures == 0) return;
  std::string text(error.what());
  if (failures > 1) text += " (" + std::to_string(failures) + " attempts since the last report)";
  const ErrorInfo& info = error.info();
  std::optional<std::chrono::nanoseconds> duration;
  if (info.elapsed.count() != 0) duration = info.elapsed;
  emit({.kind = EventKind::connect_failed,
        .detail = text,
        .error = info.code,
        .remedy = info.advice,
        .count = failures,
        .duration = duration});
}

void Server::emit_circuit(const Breaker::Change& change) const {
  if (!database_->events().listens()) return;
  std::string text(to_string(change.from));
  text += " -> ";
  text += to_string(change.to);
  text += ": " + change.why;
  emit({.kind = EventKind::circuit_changed,
        .detail = text,
        .reason = change.why,
        .from = to_string(change.from),
        .to = to_string(change.to)});
}

void Server::report_failure(std::string_view command, std::uint64_t commands,
                            const Error& error) const noexcept {
  EventReports& events = database_->events();
  const std::uint64_t due = events.failures_due(error.code(), Clock::now());
  if (due == 0) return;
  const ErrorType type = ErrorType::of(error.code(), error.info().server);
  events.operation_failed(
      commands == 0 ? std::string_view("SCOPED_HANDLE") : operation_name(operation_of(command, commands)),
      error, type.of_server() ? type.name() : std::string_view(), error.info().elapsed, due);
}

void Server::error_reply(const engine::RequestTraits& request, std::string_view command,
                         std::string_view message, std::chrono::nanoseconds duration,
                         TimePoint now) const noexcept try {
  counters_.error_reply(message);
  EventReports& events = database_->events();
  const std::uint64_t due = events.failures_due(Errc::server_error, now);
  if (due == 0) return;
  const Error error = engine::server_error(origin_, command, message, request.reply_of);
  events.operation_failed(operation_name(request.operation), error, ErrorType::of_reply(message).name(),
                          duration, due);
} catch (const std::bad_alloc&) {
  // The event is lost; counters have the reply.
}

void Server::slow(OperationId operation, std::uint64_t operations, std::chrono::nanoseconds duration,
                  TimePoint now) const noexcept {
  const std::string_view name = operation_name(operation);
  const std::size_t blank = name.find(' ');
  const CommandInfo* const row = lookup(
      name.substr(0, blank), blank == std::string_view::npos ? std::string_view() : name.substr(blank + 1));
  if (row != nullptr && row->blocking) return;  // it waits on purpose
  database_->events().slow(origin_.endpoint, operation, operations, duration, now);
}

}  // namespace redstart::inline v0::pool
