// SPDX-License-Identifier: Apache-2.0
// exchange_report.cpp: turns outcomes into counts and errors.
#include "exchange_report.hpp"
#include "../resilience/server_condition.hpp"

#include <redstart/engine/channel.hpp>
#include <redstart/resp/error_text.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// If an earlier attempt may have run, the message proves something about this attempt alone.
Error error_reply(const Server& server, const engine::RequestTraits& request, std::string_view message,
                  bool uncertain, unsigned attempts) {
  Error error = engine::server_error(server.origin(), request.name, message,
                                     uncertain ? ReplyOf::script : request.reply_of, attempts);
  if (!uncertain || error.effect() != Effect::not_sent) return error;
  ErrorInfo info = error.info();
  info.effect = Effect::indeterminate;
  return Error(std::move(info));
}

}  // namespace

std::optional<Error> report(Server& server, const engine::RequestTraits& request, std::size_t shard,
                            const net::Outcome& outcome, TimePoint start, bool uncertain, unsigned attempts) {
  switch (outcome.kind) {
    case net::Outcome::Kind::answered:
      server.counters().answered(shard, 1, 0, outcome.end - start);
      return std::nullopt;
    case net::Outcome::Kind::error_reply:
      server.counters().answered(shard, 1, 1, outcome.end - start);
      return error_reply(server, request, outcome.text, uncertain, attempts);
    case net::Outcome::Kind::broken: break;
  }
  ErrorInfo info = outcome.info(start);
  if (uncertain) info.effect = Effect::indeterminate;
  info.attempts = attempts;
  return server.failed(request.name, 1, std::move(info));
}

void report_batch(Server& server, engine::Replies& replies, const engine::Batch& batch, std::size_t shard,
                  const net::Outcome& outcome, TimePoint start, unsigned attempts) {
  replies.origin = server.origin();
  if (!replies.frames.empty())
    server.counters().answered(shard, replies.frames.size(), replies.errors, outcome.end - start);
  if (outcome.kind != net::Outcome::Kind::broken) return;
  ErrorInfo info = outcome.info(start);
  info.attempts = attempts;
  const std::size_t answered = replies.frames.size();
  if (answered < replies.sent) {
    info.effect = Effect::indeterminate;
    replies.fail(answered, replies.sent, server.failed("pipeline", replies.sent - answered, info));
  }
  const std::size_t unsent = std::max(answered, replies.sent);
  if (unsent < batch.size()) {
    info.effect = Effect::not_sent;
    replies.fail(unsent, batch.size(), server.failed("pipeline", batch.size() - unsent, std::move(info)));
  }
}

bool must_reconnect(const Server& server, const engine::RequestTraits& request,
                    const net::Outcome& outcome) noexcept {
  return outcome.kind == net::Outcome::Kind::error_reply &&
         must_reconnect(server.condition_of(outcome.text, request.reply_of));
}

bool must_reconnect(const Server& server, const engine::Batch& batch, const engine::Replies& replies) {
  if (replies.errors == 0) return false;
  for (std::size_t i = 0; i != replies.frames.size(); ++i) {
    const std::string_view frame = replies.frame(i);
    if (resp::is_error_frame(frame) &&
        must_reconnect(server.condition_of(resp::error_text(frame), batch.commands.rows.reply_of(i))))
      return true;
  }
  return false;
}

void report_unsent(Server& server, engine::Replies& replies, const engine::Batch& batch, ErrorInfo info,
                   unsigned attempts) {
  replies.origin = server.origin();
  info.attempts = attempts;
  engine::fail_rest(replies, batch.commands, 0, server.failed("pipeline", batch.size(), std::move(info)));
}

}  // namespace redstart::inline v0::pool
