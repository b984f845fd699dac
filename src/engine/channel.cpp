// SPDX-License-Identifier: Apache-2.0
// channel.cpp: the errors that every channel's replies can turn into.
#include "../core/failures.hpp"

#include <redstart/commands/session_state.hpp>
#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/engine/channel.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <utility>

namespace redstart::inline v0::engine {

namespace {

ErrorInfo at(const Origin& origin, std::string_view command) {
  ErrorInfo info;
  info.command = command;
  info.database = origin.database;
  info.endpoint = origin.endpoint;
  return info;
}

// The argument of an encoded command that begins at `rest`, which is moved behind it; empty at the end.
std::string_view take_word(std::string_view& rest) noexcept {
  // $<n>\r\n<word>\r\n
  if (!rest.starts_with('$')) return {};
  std::size_t size = 0;
  std::size_t at = 1;
  for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; ++at)
    size = size * 10 + static_cast<std::size_t>(rest[at] - '0');
  rest.remove_prefix(at + 2 < rest.size() ? at + 2 : rest.size());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(size + 2 < rest.size() ? size + 2 : rest.size());
  return word;
}

// What no handle can use yet, and what to do instead; empty for the other states.
struct Missing {
  std::string_view what{};
  std::string_view advice{};
};
Missing missing(Session session, std::string_view command) noexcept {
  switch (session) {
    case Session::subscription:
      if (command.starts_with("CLIENT "))
        return {"client-side caching is not supported in this version",
                "Read values with GET, or keep them with an expiry of your own"};
      if (command == "MONITOR")
        return {"this version has no handle that reads the stream of MONITOR",
                "Run MONITOR in redis-cli, or read SLOWLOG GET"};
      return {"this version has no handle that receives the messages of a subscription",
              "PUBLISH works; for queues use BLPOP or XREAD"};
    case Session::replication:
      return {"the server would send a replication stream instead of replies",
              "Copy data with DUMP, RESTORE and SCAN, or use redis-cli --replica"};
    case Session::reply_mode:
      return {"the command would stop the replies of this connection, and later calls would wait for them",
              "Leave it out; a pipeline saves the round trips"};
    default: break;
  }
  if (command == "RESET")
    return {"the command would end the login and the protocol of this connection",
            "Release the scoped handle and take a new one"};
  return {};
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
    info.what += ": " + peer_text(error.what());
  } catch (...) {
    info.what += " with an exception of an unknown type";
  }
  info.advice = "The command was executed; its reply could not be read";
  return Error(std::move(info));
}

Error server_error(const Origin& origin, std::string_view command, std::string_view message, ReplyOf of,
                   unsigned attempts) {
  ErrorInfo info = at(origin, command);
  const ServerVerdict verdict = classify(message, of, origin.authenticates);
  info.code = Errc::server_error;
  info.effect = verdict.effect;
  info.remedy = verdict.remedy;
  info.attempts = attempts;
  // Servers repeat the arguments of commands that they don't know, a password among them where AUTH was
  // renamed.
  info.server = peer_text(message.substr(0, message.find(", with args beginning with")));
  info.advice = std::string(failure::cluster_advice(message));
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

std::optional<Error> refused_session(const Origin& origin, Exclusive kind, Session session,
                                     std::string_view encoded) {
  const std::size_t header = encoded.find('$');
  std::string_view rest = header == std::string_view::npos ? std::string_view() : encoded.substr(header);
  const std::string_view first = take_word(rest);
  const CommandInfo* const row = lookup(first, take_word(rest));
  if (row != nullptr && row->session == Session::none) return std::nullopt;
  const std::string_view command = row != nullptr ? row->name : first;
  const Missing absent = missing(row != nullptr ? row->session : session, command);
  if (absent.what.empty()) {
    if (kind == Exclusive::yes) return std::nullopt;
    return not_allowed(origin, command);
  }
  ErrorInfo info = at(origin, command);
  info.code = Errc::not_allowed;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = absent.what;
  info.advice = absent.advice;
  return Error(std::move(info));
}

Error no_arguments(const Origin& origin, std::string_view command) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::invalid_argument;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = "the container of its keys, fields or elements is empty";
  info.advice = "Leave the call out where there is nothing to ask for or to write";
  return Error(std::move(info));
}

ErrorInfo only_queued() {
  ErrorInfo info;
  info.code = Errc::not_allowed;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what =
      "the connection is between MULTI and EXEC, where the server answers QUEUED instead of the value";
  info.advice =
      "Queue it as command<Queued>(…) and read its value from the reply of EXEC, or call it before MULTI";
  return info;
}

Error foreign_slot(const Origin& origin) {
  ErrorInfo info = at(origin, "pipeline");
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "the slot belongs to another pipeline";
  return Error(std::move(info));
}

}  // namespace redstart::inline v0::engine
