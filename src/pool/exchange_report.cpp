// SPDX-License-Identifier: Apache-2.0
// exchange_report.cpp: from outcomes to counts and errors.
#include "exchange_report.hpp"

#include <redstart/core/server_reply.hpp>
#include <redstart/engine/channel.hpp>

#include <algorithm>

namespace redstart::pool {

std::optional<Error> report(Database& database, const engine::RequestTraits& request,
                            const net::DirectConnection& connection, const net::Outcome& outcome,
                            Time start) {
  switch (outcome.kind) {
    case net::Outcome::Kind::answered:
      database.counters().answered(connection.shard(), 1, 0, outcome.end - start);
      return std::nullopt;
    case net::Outcome::Kind::refused:
      database.counters().answered(connection.shard(), 1, 1, outcome.end - start);
      return engine::server_error(database.origin(), request.name, outcome.text, request.reply_of);
    case net::Outcome::Kind::broken: break;
  }
  return database.failed(request.name, 1, Database::broken(outcome, outcome.end - start));
}

void report_batch(Database& database, engine::Replies& replies, std::size_t commands,
                  const net::DirectConnection& connection, const net::Outcome& outcome, Time start) {
  replies.origin = database.origin();
  if (!replies.frames.empty())
    database.counters().answered(connection.shard(), replies.frames.size(), replies.errors,
                                 outcome.end - start);
  if (outcome.kind != net::Outcome::Kind::broken) return;
  ErrorInfo info = Database::broken(outcome, outcome.end - start);
  if (replies.sent < commands) {
    info.effect = Effect::not_sent;
    replies.rest_unsent = database.failed("pipeline", commands - replies.sent, info);
  }
  if (replies.frames.size() < replies.sent) {
    info.effect = Effect::indeterminate;
    replies.rest = database.failed("pipeline", replies.sent - replies.frames.size(), std::move(info));
  }
}

void report_unsent(Database& database, engine::Replies& replies, std::size_t commands,
                   const ErrorInfo& info) {
  replies.origin = database.origin();
  replies.rest_unsent = database.failed("pipeline", commands, info);
}

}  // namespace redstart::pool

namespace redstart::engine {

namespace {

ErrorInfo at(const Origin& origin, std::string_view command) {
  ErrorInfo info;
  info.command = command;
  info.database = origin.database;
  info.endpoint = origin.endpoint;
  return info;
}

}  // namespace

Error decode_error(const Origin& origin, std::string_view command, const resp::DecodeIssue& issue) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::decode_error;
  info.effect = Effect::server_error;
  info.remedy = Remedy::never;
  info.what = "the reply has another type: " + issue.describe();
  info.advice = "The command was executed; ask for a type that fits its reply";
  return Error(std::move(info));
}

Error codec_error(const Origin& origin, std::string_view command) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::decode_error;
  info.effect = Effect::server_error;
  info.remedy = Remedy::never;
  info.what = "the codec failed";
  try {
    throw;
  } catch (const std::exception& error) {
    info.what += std::string(": ") + error.what();
  } catch (...) {
    info.what += " with an exception of an unknown type";
  }
  info.advice = "The command was executed; its reply could not be read";
  return Error(std::move(info));
}

Error server_error(const Origin& origin, std::string_view command, std::string_view words, ReplyOf of) {
  ErrorInfo info = at(origin, command);
  const ServerVerdict verdict = judge(words, of);
  info.code = Errc::server_error;
  info.effect = verdict.effect;
  info.remedy = verdict.remedy;
  info.server = words;
  return Error(std::move(info));
}

Error not_allowed(const Origin& origin, std::string_view command) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::not_allowed;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = "the command would change the state of a connection that others use too";
  info.advice = "Use a scoped handle: scoped_client(\"" + origin.database + "\")";
  return Error(std::move(info));
}

Error foreign_slot(const Origin& origin) {
  ErrorInfo info = at(origin, "pipeline");
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "the slot belongs to another pipeline";
  return Error(std::move(info));
}

}  // namespace redstart::engine
