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

/// Refuses a command that changes the state of its connection where the channel does not carry it.
[[nodiscard]] inline std::optional<Error> check_session(const engine::Channel& channel,
                                                        const engine::Request& request) {
  if (request.traits().session == Session::none) [[likely]]
    return std::nullopt;
  return engine::refused_session({std::string(channel.database()), std::string(channel.endpoint())},
                                 channel.exclusive(), request.traits().session, request.outgoing().bytes);
}

/// Runs one command and gives its reply or throws.
template <class R, class... A>
R execute(engine::Channel& channel, const Command<R, A...>& command, const engine::CallOptions& options) {
  const engine::Request request(command);
  if (const auto refused = check_session(channel, request)) refused->raise();
  ReplyTo<R> reply(channel, request.traits().name);
  if (const auto error = channel.exchange(request, reply, options)) error->raise();
  if (reply.error()) reply.error()->raise();
  return std::move(reply).take();
}

/// Runs one command and gives its reply or the error.
template <class R, class... A>
Result<R> try_execute(engine::Channel& channel, const Command<R, A...>& command,
                      const engine::CallOptions& options) {
  const engine::Request request(command);
  if (auto refused = check_session(channel, request)) return *std::move(refused);
  ReplyTo<R> reply(channel, request.traits().name);
  if (auto error = channel.exchange(request, reply, options)) return *std::move(error);
  if (reply.error()) return *std::move(reply.error());
  return std::move(reply).take();
}

}  // namespace redstart::detail
