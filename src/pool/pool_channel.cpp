// SPDX-License-Identifier: Apache-2.0
// pool_channel.cpp: one exchange: take a connection, use it, give it back, report.
#include "pool_channel.hpp"

#include "exchange_report.hpp"
#include "lease_channel.hpp"
#include "shared_exchange.hpp"

#include <algorithm>
#include <utility>

namespace redstart::pool {

namespace {

// Room must be left for the connections that are shared.
std::uint32_t direct_limit(const DatabaseConfig& config) noexcept {
  if (config.integrity) return 0;
  constexpr std::size_t most = 1'000'000;
  return static_cast<std::uint32_t>(std::min({config.direct_limit, config.max_connections - 1, most}));
}

}  // namespace

// A caller inside the pool, and the way that he goes.
class PoolChannel::Visit {
 public:
  Visit(PoolChannel& channel, Time now) noexcept
      : routing_(channel.sharing_ ? &channel.routing_ : nullptr),
        shared_(routing_ != nullptr && routing_->enter(now) == protocol::Route::shared &&
                channel.async_->usable() && !net::on_engine_thread() &&
                !channel.async_->serves_this_thread()) {}
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() {
    if (routing_ != nullptr) routing_->leave();
  }
  [[nodiscard]] bool shared() const noexcept { return shared_; }

 private:
  protocol::Routing* routing_;
  bool shared_;
};

PoolChannel::PoolChannel(std::shared_ptr<Database> database, std::shared_ptr<DirectPool> pool,
                         std::shared_ptr<AsyncPool> async)
    : database_(std::move(database)),
      pool_(std::move(pool)),
      async_(std::move(async)),
      generation_(net::fork_generation()),
      sharing_(async_ != nullptr && database_->config().sync_over_shared),
      routing_(direct_limit(database_->config())) {}

std::optional<Error> PoolChannel::exchange(const engine::Request& request, engine::ReplySink& sink,
                                           const engine::CallOptions& options) {
  if (net::forked(generation_)) return database_->error(request.traits().name, Database::forked());
  const Time start = Clock::now();
  const Visit visit(*this, start);
  if (visit.shared() && sharable(request))
    return exchange_shared(*async_, *database_, request, sink, options);
  return exchange_direct(request, sink, options, start);
}

std::optional<Error> PoolChannel::exchange_direct(const engine::Request& request, engine::ReplySink& sink,
                                                  const engine::CallOptions& options, Time start) {
  const engine::RequestTraits& traits = request.traits();
  const Time deadline = database_->deadline(start, options, traits.blocks_for);
  Time now = start;
  for (bool again = true;; again = false) {
    auto acquired = pool_->acquire(now, std::min(deadline, now + database_->config().timeouts.acquire));
    if (!acquired) return database_->failed(traits.name, 1, acquired.error().info());
    Borrowed connection = *std::move(acquired);
    const bool reused = connection->exchanges() != 0;
    const net::Outcome outcome = connection->exchange(request.outgoing(), sink, now, deadline);
    const bool lost = outcome.kind == net::Outcome::Kind::broken && outcome.code == Errc::connection_lost;
    // The server may close a connection between the check and the send. What is safe to repeat is, once.
    if (lost && again && outcome.end < deadline &&
        (outcome.effect == Effect::not_sent || (reused && traits.retry == Retry::read))) {
      connection.discard(CloseReason::stale);
      database_->counters().retried();
      now = outcome.end;
      continue;
    }
    auto error = report(*database_, traits, *connection, outcome, start);
    connection.settle(outcome);
    return error;
  }
}

engine::Replies PoolChannel::exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                            const engine::CallOptions& options) {
  engine::Replies replies;
  replies.origin = database_->origin();
  if (ends.empty()) return replies;
  if (net::forked(generation_)) {
    replies.rest_unsent = database_->error("pipeline", Database::forked());
    return replies;
  }
  const Time start = Clock::now();
  const Visit visit(*this, start);
  if (visit.shared() && sharable(bytes))
    return exchange_batch_shared(*async_, *database_, bytes, ends, options);
  const Time deadline = database_->deadline(start, options);
  Time now = start;
  auto acquired = pool_->acquire(now, std::min(deadline, start + database_->config().timeouts.acquire));
  if (!acquired) {
    report_unsent(*database_, replies, ends.size(), acquired.error().info());
    return replies;
  }
  Borrowed connection = *std::move(acquired);
  const net::Outcome outcome = connection->exchange_batch(bytes, ends, replies, now, deadline);
  report_batch(*database_, replies, ends.size(), *connection, outcome, start);
  connection.settle(outcome);
  return replies;
}

std::optional<Error> PoolChannel::ensure_reachable(const engine::CallOptions& options) {
  if (net::forked(generation_)) return database_->error({}, Database::forked());
  const Time now = Clock::now();
  const Time limit = now + database_->config().timeouts.connect;
  return pool_->ensure_reachable(now, options.timeout.count() > 0 ? now + options.timeout : limit);
}

Result<std::unique_ptr<engine::Channel>> PoolChannel::lease(const engine::CallOptions& options) {
  if (net::forked(generation_)) return database_->error("scoped handle", Database::forked());
  Time now = Clock::now();
  const Time deadline =
      std::min(database_->deadline(now, options), now + database_->config().timeouts.acquire);
  auto acquired = pool_->acquire(now, deadline);
  if (!acquired) return database_->failed("scoped handle", 0, acquired.error().info());
  return std::unique_ptr<engine::Channel>(
      std::make_unique<LeaseChannel>(database_, pool_, std::move(*acquired)));
}

}  // namespace redstart::pool
