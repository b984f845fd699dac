// SPDX-License-Identifier: Apache-2.0
// session_check.cpp: reads commands back to decide whether they may be sent.
#include <redstart/commands/session_state.hpp>
#include <redstart/engine/session_check.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace redstart::inline v0::engine {

namespace {

Error refused(const Origin& origin, std::string_view command, Errc code, std::string what,
              std::string advice) {
  ErrorInfo info;
  info.command = command;
  info.database = origin.database;
  info.endpoint = origin.endpoint;
  info.code = code;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = std::move(what);
  info.advice = std::move(advice);
  return Error(std::move(info));
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

// The states that no handle can use yet, with the remedy; empty for the other states.
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

// Why a command that changes its connection is not sent, as its encoded form shows, however the caller passed
// it.
std::optional<Error> refused_session(const Origin& origin, Exclusive kind, Session session,
                                     std::string_view encoded) {
  const std::size_t header = encoded.find('$');
  std::string_view rest = header == std::string_view::npos ? std::string_view() : encoded.substr(header);
  const std::string_view first = take_word(rest);
  const CommandInfo* const row = lookup(first, take_word(rest));
  if (row != nullptr && row->session == Session::none) return std::nullopt;
  const std::string_view command = row != nullptr ? row->name : first;
  const Missing absent = missing(row != nullptr ? row->session : session, command);
  if (!absent.what.empty())
    return refused(origin, command, Errc::not_allowed, std::string(absent.what), std::string(absent.advice));
  if (kind == Exclusive::yes) return std::nullopt;
  return refused(origin, command, Errc::not_allowed,
                 "the command would change the state of a connection that others use too",
                 "Use a scoped handle: scoped_client(\"" + origin.database + "\")");
}

}  // namespace

std::optional<Error> refusal_of(const Origin& origin, Exclusive kind, Queues queues,
                                const RequestTraits& traits, std::string_view encoded) {
  if (traits.lacks_arguments)
    return refused(origin, traits.name, Errc::invalid_argument,
                   "the container of its keys, fields or elements is empty",
                   "Leave the call out where there is nothing to ask for or to write");
  if (queues == Queues::yes && !traits.shows_queued && !ends_transaction(traits.session, traits.name))
    return refused(
        origin, traits.name, Errc::not_allowed,
        "the connection is between MULTI and EXEC, where the server answers QUEUED instead of the value",
        "Queue it as command<Queued>(…) and read its value from the reply of EXEC, or call it before MULTI");
  if (traits.session == Session::none) return std::nullopt;
  return refused_session(origin, kind, traits.session, encoded);
}

}  // namespace redstart::inline v0::engine
