// SPDX-License-Identifier: Apache-2.0
// execute.hpp: one command through a channel: check, exchange, decode.
#pragma once

#include <redstart/client/reply_to.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/engine/session_check.hpp>

#include <optional>
#include <utility>

namespace redstart::inline v0::detail {

/// Why a request is not sent; empty if it may be.
[[nodiscard]] inline std::optional<Error> check(const engine::Channel& channel,
                                                const engine::Request& request) {
  const engine::RequestTraits& traits = request.traits();
  if (!engine::may_be_refused(traits)) [[likely]]
    return std::nullopt;
  return engine::refusal_of(channel.origin(), channel.exclusive(), engine::Queues::no, traits,
                            request.outgoing().bytes);
}

/// Runs one command. Returns its reply or throws.
template <class R>
R execute(engine::Channel& channel, const engine::Request& request, const engine::CallOptions& options) {
  if (const auto refused = check(channel, request)) refused->raise();
  ReplyTo<R> reply(request.traits().name);
  if (const auto error = channel.exchange(request, reply, options)) error->raise();
  if (reply.error()) reply.error()->raise();
  return std::move(reply).take();
}

/// Runs one command. Returns its reply or the error.
template <class R>
Result<R> try_execute(engine::Channel& channel, const engine::Request& request,
                      const engine::CallOptions& options) {
  if (auto refused = check(channel, request)) return *std::move(refused);
  ReplyTo<R> reply(request.traits().name);
  if (auto error = channel.exchange(request, reply, options)) return *std::move(error);
  if (reply.error()) return *std::move(reply.error());
  return std::move(reply).take();
}

}  // namespace redstart::inline v0::detail
