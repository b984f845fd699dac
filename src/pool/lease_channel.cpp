// SPDX-License-Identifier: Apache-2.0
// lease_channel.cpp: one connection from lease to return.
#include "lease_channel.hpp"

#include "exchange_report.hpp"

#include <utility>

namespace redstart::pool {

LeaseChannel::LeaseChannel(std::shared_ptr<Database> database, std::shared_ptr<DirectPool> pool,
                           Borrowed connection) noexcept
    : database_(std::move(database)), pool_(std::move(pool)), connection_(std::move(connection)) {
  pool_->lease_began();
}

LeaseChannel::~LeaseChannel() {
  pool_->lease_ended();
  if (!connection_) return;
  if (dirty_)
    connection_.discard(CloseReason::dirty);
  else
    connection_.give_back();
}

ErrorInfo LeaseChannel::gone() const {
  if (pool_->ended()) return Database::closed();
  ErrorInfo info;
  info.code = Errc::connection_lost;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what = "the connection of this scoped handle broke before";
  info.advice = "Take a new scoped handle and begin again";
  return info;
}

void LeaseChannel::keep(Borrowed connection, const net::Outcome& outcome) noexcept {
  connection.note(outcome);
  if (outcome.reusable)
    connection_ = std::move(connection);
  else
    connection.discard(outcome.reason);
}

std::optional<Error> LeaseChannel::exchange(const engine::Request& request, engine::ReplySink& sink,
                                            const engine::CallOptions& options) {
  const engine::RequestTraits& traits = request.traits();
  if (!connection_) return database_->failed(traits.name, 1, gone());
  const Time start = Clock::now();
  Borrowed connection = std::move(connection_);  // whatever throws, it is not used again
  const net::Outcome outcome = connection->exchange(request.outgoing(), sink, start,
                                                    database_->deadline(start, options, traits.blocks_for));
  auto error = report(*database_, traits, *connection, outcome, start);
  keep(std::move(connection), outcome);
  return error;
}

engine::Replies LeaseChannel::exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                             const engine::CallOptions& options) {
  engine::Replies replies;
  replies.origin = database_->origin();
  if (ends.empty()) return replies;
  if (!connection_) {
    report_unsent(*database_, replies, ends.size(), gone());
    return replies;
  }
  const Time start = Clock::now();
  Borrowed connection = std::move(connection_);
  const net::Outcome outcome =
      connection->exchange_batch(bytes, ends, replies, start, database_->deadline(start, options));
  report_batch(*database_, replies, ends.size(), *connection, outcome, start);
  keep(std::move(connection), outcome);
  return replies;
}

std::optional<Error> LeaseChannel::ensure_reachable(const engine::CallOptions&) {
  if (connection_) return std::nullopt;
  return database_->failed("scoped handle", 0, gone());
}

Result<std::unique_ptr<engine::Channel>> LeaseChannel::lease(const engine::CallOptions&) {
  ErrorInfo info;
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "a scoped handle has one connection and lends none";
  return database_->failed("scoped handle", 0, std::move(info));
}

}  // namespace redstart::pool
