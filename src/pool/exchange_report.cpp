// SPDX-License-Identifier: Apache-2.0
// exchange_report.cpp: turns outcomes into counts and errors.
#include "exchange_report.hpp"
#include "../resilience/server_condition.hpp"

#include <redstart/engine/channel.hpp>
#include <redstart/resp/error_text.hpp>

#include <algorithm>
#include <string>
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

void count_errors(Server& server, const engine::Replies& replies, const engine::Batch& batch,
                  std::chrono::nanoseconds duration, TimePoint now) {
  engine::RequestTraits request = batch.traits;
  for (std::size_t i = 0; i != replies.frames.size(); ++i) {
    const std::string_view frame = replies.frame(i);
    if (!resp::is_error_frame(frame)) continue;
    request.reply_of = batch.commands.rows.reply_of(i);
    server.error_reply(request, "pipeline", resp::error_text(frame), duration, now);
  }
}

}  // namespace

std::optional<Error> report(Server& server, const engine::RequestTraits& request, std::size_t shard,
                            const protocol::Outcome& outcome, TimePoint start, bool uncertain,
                            unsigned attempts) {
  const auto duration = outcome.end - start;
  switch (outcome.kind) {
    case protocol::Outcome::Kind::answered:
      server.counters().answered(shard, 1, 0, duration);
      server.counters().succeeded(shard, request.operation, 1, duration);
      if (server.is_slow(duration)) [[unlikely]]
        server.slow(request.operation, 1, duration, outcome.end);
      return std::nullopt;
    case protocol::Outcome::Kind::error_reply:
      server.counters().answered(shard, 1, 1, duration);
      server.counters().failed_after(request.operation, ErrorType::of_reply(outcome.text), duration);
      server.error_reply(request, request.name, outcome.text, duration, outcome.end);
      return error_reply(server, request, outcome.text, uncertain, attempts);
    case protocol::Outcome::Kind::broken: break;
  }
  ErrorInfo info = outcome.info(start);
  if (uncertain) info.effect = Effect::indeterminate;
  info.attempts = attempts;
  return server.failed(request.name, 1, std::move(info));
}

void report_batch(Server& server, engine::Replies& replies, const engine::Batch& batch, std::size_t shard,
                  const protocol::Outcome& outcome, TimePoint start, unsigned attempts) {
  replies.origin = server.origin();
  const auto duration = outcome.end - start;
  if (!replies.frames.empty())
    server.counters().answered(shard, replies.frames.size(), replies.errors, duration);
  if (replies.errors != 0) count_errors(server, replies, batch, duration, outcome.end);
  if (outcome.kind != protocol::Outcome::Kind::broken) {
    server.counters().succeeded(shard, batch.traits.operation, 1, duration);
    if (server.is_slow(duration)) [[unlikely]]
      server.slow(batch.traits.operation, 1, duration, outcome.end);
    return;
  }
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
    const auto observed = answered < replies.sent ? Server::Observed::already : Server::Observed::now;
    replies.fail(unsent, batch.size(),
                 server.failed("pipeline", batch.size() - unsent, std::move(info), observed));
  }
}

bool must_reconnect(const Server& server, const engine::RequestTraits& request,
                    const protocol::Outcome& outcome) noexcept {
  return outcome.kind == protocol::Outcome::Kind::error_reply &&
         must_reconnect(server.condition_of(outcome.text, request.reply_of));
}

std::optional<std::string> must_reconnect(const Server& server, const engine::Batch& batch,
                                          const engine::Replies& replies) {
  if (replies.errors == 0) return std::nullopt;
  for (std::size_t i = 0; i != replies.frames.size(); ++i) {
    const std::string_view frame = replies.frame(i);
    if (!resp::is_error_frame(frame)) continue;
    std::string message = resp::error_text(frame);
    if (must_reconnect(server.condition_of(message, batch.commands.rows.reply_of(i)))) return message;
  }
  return std::nullopt;
}

void report_unsent(Server& server, engine::Replies& replies, const engine::Batch& batch, ErrorInfo info,
                   unsigned attempts) {
  replies.origin = server.origin();
  info.attempts = attempts;
  engine::fail_rest(replies, batch.commands, 0, server.failed("pipeline", batch.size(), std::move(info)));
}

}  // namespace redstart::inline v0::pool
