// SPDX-License-Identifier: Apache-2.0
// lease_channel.cpp: uses one connection from its lease to its return.
#include "lease_channel.hpp"

#include "../core/failures.hpp"
#include "call_retries.hpp"
#include "direct_renewal.hpp"
#include "exchange_report.hpp"

#include <redstart/engine/session_check.hpp>

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

// Checked before a command is written, so that the command is known not to have run.
std::optional<Error> LeaseChannel::broke_while_idle(std::string_view what, std::size_t commands,
                                                    TimePoint now) {
  if (connection_->just_used(now)) [[likely]]
    return std::nullopt;
  const auto reason = connection_->close_reason_beside_pushes(now);
  if (!reason) return std::nullopt;
  connection_.discard(*reason);
  return gone(what, commands);
}

std::optional<Error> LeaseChannel::renew_credentials(std::string_view what, std::size_t commands,
                                                     TimePoint& now, TimePoint deadline) {
  if (now < connection_->renewal().due() || !session_.may_authenticate()) [[likely]]
    return std::nullopt;
  const DirectRenewal renewal = pool::renew_credentials(*server_, *connection_, now, deadline);
  // If they have expired, the caller goes on: the server decides for how long it accepts the connection.
  outdated_ |= renewal.kind == DirectRenewal::Kind::expired;
  if (renewal.kind != DirectRenewal::Kind::broken) return std::nullopt;
  connection_.discard(renewal.reason);
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
  const bool refused = outcome.kind == net::Outcome::Kind::error_reply;
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
  if (session_.queues()) [[unlikely]] {
    const auto refused = engine::refusal_of(origin(), engine::Exclusive::yes, engine::Queues::yes, traits,
                                            request.outgoing().bytes);
    if (refused) return server_->failed(traits.name, 1, refused->info());
  }
  return exchange_alone(request, sink, options);
}

std::optional<Error> LeaseChannel::exchange_alone(const engine::Request& request, engine::ReplySink& sink,
                                                  const engine::CallOptions& options) {
  const engine::RequestTraits& traits = request.traits();
  if (!usable()) return gone(traits.name, 1);
  if (options.timeout.expired()) [[unlikely]]
    return server_->expired(traits.name, 1);
  const TimePoint start = Clock::now();
  const TimePoint deadline = database_.deadline(start, options, traits.blocks_for);
  TimePoint now = start;
  if (auto error = broke_while_idle(traits.name, 1, start)) return error;
  if (auto error = renew_credentials(traits.name, 1, now, deadline)) return error;
  Admission admission(server_->breaker(), server_->breaker().admit(start, !traits.blocks_for));
  if (!admission) return server_->failed(traits.name, 1, server_->circuit_open(start));
  DirectLease connection = std::move(connection_);  // not used again if anything throws
  if (traits.blocks_for || database_.outlasts_silence(options.timeout)) [[unlikely]]
    connection->use_fast_keepalive(true);
  if (traits.session != Session::none) session_.sent(traits.session, traits.name);
  sink.comes_from(server_->origin());
  const net::Outcome outcome = connection->exchange(request.outgoing(), sink, now, deadline);
  record(admission, outcome);
  note_state(traits, outcome);
  // The caller receives the error. The next caller must get another connection.
  outdated_ |= must_reconnect(*server_, traits, outcome);
  auto error = report(*server_, traits, connection->shard(), outcome, start);
  keep(std::move(connection), outcome);
  return error;
}

engine::Replies LeaseChannel::refused(const engine::Batch& batch, const Error& error) const {
  engine::Replies replies;
  replies.origin = server_->origin();
  engine::fail_rest(replies, batch.commands, 0, error);
  return replies;
}

std::optional<Error> LeaseChannel::only_queued(const engine::Batch& batch) const {
  if (!session_.queues() && batch.traits.session == Session::none) [[likely]]
    return std::nullopt;
  return first_only_queued(session_, origin(), batch.commands, batch.bytes.view());
}

engine::Replies LeaseChannel::exchange_batch(const engine::Batch& batch, const engine::CallOptions& options) {
  if (batch.size() == 0) {
    engine::Replies replies;
    replies.origin = server_->origin();
    return replies;
  }
  const InUse alone(in_use_);
  if (!alone)
    return refused(batch, server_->failed("pipeline", batch.size(), failure::scoped_handle_used_twice()));
  if (const auto error = only_queued(batch))
    return refused(batch, server_->failed("pipeline", batch.size(), error->info()));
  return exchange_batch_alone(batch, options);
}

engine::Replies LeaseChannel::exchange_batch_alone(const engine::Batch& batch,
                                                   const engine::CallOptions& options) {
  if (!usable()) return refused(batch, gone("pipeline", batch.size()));
  if (options.timeout.expired()) return refused(batch, server_->expired("pipeline", batch.size()));
  const TimePoint start = Clock::now();
  const TimePoint deadline = database_.deadline(start, options, batch.traits.blocks_for);
  TimePoint now = start;
  if (auto error = broke_while_idle("pipeline", batch.size(), start)) return refused(batch, *error);
  if (auto error = renew_credentials("pipeline", batch.size(), now, deadline)) return refused(batch, *error);
  Admission admission(server_->breaker(), server_->breaker().admit(start, !batch.traits.blocks_for));
  if (!admission)
    return refused(batch, server_->failed("pipeline", batch.size(), server_->circuit_open(start)));
  DirectLease connection = std::move(connection_);
  const engine::RequestTraits& traits = batch.traits;
  if (traits.blocks_for || database_.outlasts_silence(options.timeout)) [[unlikely]]
    connection->use_fast_keepalive(true);
  const bool changes_state = traits.session != Session::none;
  if (changes_state) note_sent(session_, batch.commands);
  engine::Replies replies;
  const net::Outcome outcome = connection->exchange_batch(batch, replies, now, deadline);
  record(admission, outcome);
  if (changes_state) {
    for (std::size_t i = 0; i != replies.frames.size(); ++i)
      note_answered(session_, batch.commands, i, replies.frame(i));
  }
  outdated_ |= must_reconnect(*server_, batch, replies).has_value();
  report_batch(*server_, replies, batch, connection->shard(), outcome, start);
  keep(std::move(connection), outcome);
  return replies;
}

}  // namespace redstart::inline v0::pool
