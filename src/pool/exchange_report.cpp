// SPDX-License-Identifier: Apache-2.0
// exchange_report.cpp: turns outcomes into counts and errors.
#include "exchange_report.hpp"
#include "../resilience/server_condition.hpp"

#include <redstart/engine/channel.hpp>
#include <redstart/resp/error_text.hpp>

#include <utility>

namespace redstart::inline v0::pool {

std::optional<Error> report(Server& server, const engine::RequestTraits& request, std::size_t shard,
                            const net::Outcome& outcome, TimePoint start, bool uncertain, unsigned attempts) {
  switch (outcome.kind) {
    case net::Outcome::Kind::answered:
      server.counters().answered(shard, 1, 0, outcome.end - start);
      return std::nullopt;
    case net::Outcome::Kind::refused:
      server.counters().answered(shard, 1, 1, outcome.end - start);
      // Its words speak for this attempt alone, as those of a script do for its last command.
      return engine::server_error(server.origin(), request.name, outcome.text,
                                  uncertain ? ReplyOf::script : request.reply_of, attempts);
    case net::Outcome::Kind::broken: break;
  }
  ErrorInfo info = outcome.info(start);
  if (uncertain) info.effect = Effect::indeterminate;
  info.attempts = attempts;
  return server.failed(request.name, 1, std::move(info));
}

void report_batch(Server& server, engine::Replies& replies, std::size_t commands, std::size_t shard,
                  const net::Outcome& outcome, TimePoint start, unsigned attempts) {
  replies.origin = server.origin();
  if (!replies.frames.empty())
    server.counters().answered(shard, replies.frames.size(), replies.errors, outcome.end - start);
  if (outcome.kind != net::Outcome::Kind::broken) return;
  ErrorInfo info = outcome.info(start);
  info.attempts = attempts;
  if (replies.sent < commands) {
    info.effect = Effect::not_sent;
    replies.rest_unsent = server.failed("pipeline", commands - replies.sent, info);
  }
  if (replies.frames.size() < replies.sent) {
    info.effect = Effect::indeterminate;
    replies.rest = server.failed("pipeline", replies.sent - replies.frames.size(), std::move(info));
  }
}

bool must_reconnect(const Server& server, const engine::RequestTraits& request,
                    const net::Outcome& outcome) noexcept {
  return outcome.kind == net::Outcome::Kind::refused &&
         must_reconnect(server.condition_of(outcome.text, request.reply_of));
}

bool must_reconnect(const Server& server, const engine::RequestTraits& request,
                    const engine::Replies& replies) {
  if (replies.errors == 0) return false;
  for (std::size_t i = 0; i != replies.frames.size(); ++i) {
    const std::string_view frame = replies.frame(i);
    if (resp::is_error_frame(frame) &&
        must_reconnect(server.condition_of(resp::error_text(frame), request.reply_of)))
      return true;
  }
  return false;
}

void report_unsent(Server& server, engine::Replies& replies, std::size_t commands, ErrorInfo info,
                   unsigned attempts) {
  replies.origin = server.origin();
  info.attempts = attempts;
  replies.rest_unsent = server.failed("pipeline", commands, std::move(info));
}

}  // namespace redstart::inline v0::pool
