// SPDX-License-Identifier: Apache-2.0
// lease_channel.cpp: uses one connection from its lease to its return.
#include "lease_channel.hpp"

#include "../core/failures.hpp"
#include "call_retries.hpp"
#include "exchange_report.hpp"

#include <utility>

namespace redstart::inline v0::pool {

LeaseChannel::LeaseChannel(std::shared_ptr<Server> server, std::shared_ptr<DirectPool> pool,
                           DirectLease connection, CallSite where) noexcept
    : server_(std::move(server)),
      database_(server_->database()),
      pool_(std::move(pool)),
      connection_(std::move(connection)) {
  pool_->lease_began();
  database_.leases().began(entry_, Clock::now());
  database_.leases().taken_at(entry_, where);
}

LeaseChannel::~LeaseChannel() {
  if (net::forked(generation_)) {
    connection_.leave_to_parent();
    return;
  }
  pool_->lease_ended();
  database_.lease_ended(entry_);
  if (!connection_) {
    if (!pool_->draining()) database_.release_failed();
    return;
  }
  if (session_.dirty() || outdated_)
    connection_.discard(CloseReason::dirty);
  else
    connection_.give_back();
}

Error LeaseChannel::gone(std::string_view what, std::size_t commands) const {
  if (net::forked(generation_)) return server_->error(what, failure::forked());
  if (pool_->draining()) return server_->failed(what, commands, failure::closed());
  return server_->failed(what, commands, failure::scoped_connection_lost());
}

// Looked for before a command is written: what is not sent is known not to run.
std::optional<Error> LeaseChannel::broke_while_idle(std::string_view what, std::size_t commands,
                                                    TimePoint now) {
  if (connection_->just_used(now)) [[likely]]
    return std::nullopt;
  const auto reason = connection_->close_reason_beside_pushes(now);
  if (!reason) return std::nullopt;
  connection_.discard(*reason);
  return gone(what, commands);
}

void LeaseChannel::keep(DirectLease connection, const net::Outcome& outcome) noexcept {
  connection.note(outcome);
  if (outcome.reusable)
    connection_ = std::move(connection);
  else
    connection.discard(outcome.reason);
}

void LeaseChannel::note_state(const engine::RequestTraits& traits, const net::Outcome& outcome) noexcept {
  if (traits.session == Session::none || outcome.kind == net::Outcome::Kind::broken) return;
  using Answer = SessionTracker::Answer;
  const bool refused = outcome.kind == net::Outcome::Kind::refused;
  const bool aborted = refused && outcome.text.starts_with("EXECABORT");
  session_.answered(traits.session, traits.name,
                    aborted   ? Answer::aborted
                    : refused ? Answer::refused
                              : Answer::done);
}

std::optional<Error> LeaseChannel::exchange(const engine::Request& request, engine::ReplySink& sink,
                                            const engine::CallOptions& options) {
  const engine::RequestTraits& traits = request.traits();
  const InUse alone(in_use_);
  if (!alone) return server_->failed(traits.name, 1, failure::scoped_handle_used_twice());
  if (!session_.admits(traits.session, traits.name, traits.shows_queued))
    return server_->failed(traits.name, 1, engine::only_queued());
  return exchange_alone(request, sink, options);
}

std::optional<Error> LeaseChannel::exchange_alone(const engine::Request& request, engine::ReplySink& sink,
                                                  const engine::CallOptions& options) {
  const engine::RequestTraits& traits = request.traits();
  if (!usable()) return gone(traits.name, 1);
  if (options.timeout.expired()) [[unlikely]]
    return server_->expired(traits.name, 1);
  const TimePoint start = Clock::now();
  if (auto error = broke_while_idle(traits.name, 1, start)) return error;
  Admission admission(server_->breaker(), server_->breaker().admit(start, !traits.blocks_for));
  if (!admission) return server_->failed(traits.name, 1, server_->circuit_open(start));
  DirectLease connection = std::move(connection_);  // whatever throws, it is not used again
  if (traits.blocks_for || database_.outlasts_silence(options.timeout)) [[unlikely]]
    connection->use_fast_keepalive(true);
  if (traits.session != Session::none) session_.sent(traits.session, traits.name);
  const net::Outcome outcome = connection->exchange(request.outgoing(), sink, start,
                                                    database_.deadline(start, options, traits.blocks_for));
  record(admission, outcome);
  note_state(traits, outcome);
  // Its user learns that the server has another role; the next one shall have another connection.
  outdated_ |= must_reconnect(*server_, traits, outcome);
  auto error = report(*server_, traits, connection->shard(), outcome, start);
  keep(std::move(connection), outcome);
  return error;
}

engine::Replies LeaseChannel::exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                             const engine::RequestTraits& traits,
                                             const engine::CallOptions& options) {
  engine::Replies replies;
  replies.origin = server_->origin();
  if (ends.empty()) return replies;
  const InUse alone(in_use_);
  if (!alone || session_.queues()) {
    replies.rest_unsent = server_->failed(
        "pipeline", ends.size(), alone ? engine::only_queued() : failure::scoped_handle_used_twice());
    return replies;
  }
  if (!usable()) {
    replies.rest_unsent = gone("pipeline", ends.size());
    return replies;
  }
  if (options.timeout.expired()) {
    replies.rest_unsent = server_->expired("pipeline", ends.size());
    return replies;
  }
  const TimePoint start = Clock::now();
  if ((replies.rest_unsent = broke_while_idle("pipeline", ends.size(), start))) return replies;
  Admission admission(server_->breaker(), server_->breaker().admit(start));
  if (!admission) {
    replies.rest_unsent = server_->failed("pipeline", ends.size(), server_->circuit_open(start));
    return replies;
  }
  DirectLease connection = std::move(connection_);
  if (traits.blocks_for || database_.outlasts_silence(options.timeout)) [[unlikely]]
    connection->use_fast_keepalive(true);
  const net::Outcome outcome = connection->exchange_batch(
      bytes, ends, replies, start, database_.deadline(start, options, traits.blocks_for));
  record(admission, outcome);
  outdated_ |= must_reconnect(*server_, traits, replies);
  report_batch(*server_, replies, ends.size(), connection->shard(), outcome, start);
  keep(std::move(connection), outcome);
  return replies;
}

std::optional<Error> LeaseChannel::ensure_reachable(const engine::CallOptions&) {
  if (usable()) return std::nullopt;
  return gone("scoped handle", 0);
}

Result<std::unique_ptr<engine::Channel>> LeaseChannel::lease(const engine::CallOptions&, CallSite) {
  ErrorInfo info;
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "a scoped handle cannot be taken from a scoped handle";
  return server_->failed("scoped handle", 0, std::move(info));
}

}  // namespace redstart::inline v0::pool
