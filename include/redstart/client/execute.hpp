// SPDX-License-Identifier: Apache-2.0
// execute.hpp: one command through a channel: encode, exchange, decode.
#pragma once

#include <redstart/client/reply_to.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/channel.hpp>

#include <optional>
#include <string>
#include <utility>

namespace redstart::detail {

/// Refuses commands that would change the state of a connection others use too; remembers that one's own was
/// changed.
template <class R, class... A>
[[nodiscard]] std::optional<Error> check_session(engine::Channel& channel, const Command<R, A...>& command) {
  if (command.info().session == Session::none) return std::nullopt;
  if (channel.exclusive() == engine::Exclusive::no)
    return engine::not_allowed({std::string(channel.database()), std::string(channel.endpoint())},
                               command.info().name);
  channel.mark_dirty();
  return std::nullopt;
}

/// Runs one command and gives its reply or throws.
template <class R, class... A>
R execute(engine::Channel& channel, const Command<R, A...>& command, const engine::CallOptions& options) {
  if (const auto refused = check_session(channel, command)) refused->raise();
  const engine::Request request(command);
  ReplyTo<R> reply(channel, request.traits().name);
  if (const auto error = channel.exchange(request, reply, options)) error->raise();
  if (reply.error()) reply.error()->raise();
  return std::move(reply).take();
}

/// Runs one command and gives its reply or the error.
template <class R, class... A>
Result<R> try_execute(engine::Channel& channel, const Command<R, A...>& command,
                      const engine::CallOptions& options) {
  if (auto refused = check_session(channel, command)) return *std::move(refused);
  const engine::Request request(command);
  ReplyTo<R> reply(channel, request.traits().name);
  if (auto error = channel.exchange(request, reply, options)) return *std::move(error);
  if (reply.error()) return *std::move(reply.error());
  return std::move(reply).take();
}

}  // namespace redstart::detail
