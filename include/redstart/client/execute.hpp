// SPDX-License-Identifier: Apache-2.0
// execute.hpp: one command through a channel: encode, exchange, decode.
#pragma once

#include <redstart/client/reply_to.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/channel.hpp>

#include <optional>
#include <string>
#include <utility>

namespace redstart::inline v0::detail {

/// Why a command is not sent: it lacks arguments, or changes the state of its connection where the channel
/// does not carry that.
[[nodiscard]] std::optional<Error> refusal_of(const engine::Channel& channel, const engine::Request& request);

/// The same, quickly where there is no reason.
[[nodiscard]] inline std::optional<Error> check(const engine::Channel& channel,
                                                const engine::Request& request) {
  const engine::RequestTraits& traits = request.traits();
  if (traits.session == Session::none && !traits.lacks_arguments) [[likely]]
    return std::nullopt;
  return refusal_of(channel, request);
}

/// Runs one command and gives its reply or throws.
template <class R, class... A>
R execute(engine::Channel& channel, const Command<R, A...>& command, const engine::CallOptions& options) {
  const engine::Request request(command);
  if (const auto refused = check(channel, request)) refused->raise();
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
  if (auto refused = check(channel, request)) return *std::move(refused);
  ReplyTo<R> reply(channel, request.traits().name);
  if (auto error = channel.exchange(request, reply, options)) return *std::move(error);
  if (reply.error()) return *std::move(reply.error());
  return std::move(reply).take();
}

}  // namespace redstart::inline v0::detail
