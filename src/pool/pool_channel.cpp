// SPDX-License-Identifier: Apache-2.0
// pool_channel.cpp: takes a connection for each exchange and reports the outcome.
#include "pool_channel.hpp"

#include "../core/failures.hpp"
#include "call_retries.hpp"
#include "exchange_report.hpp"
#include "lease_channel.hpp"
#include "shared_exchange.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// Leaves room for shared connections.
std::uint32_t direct_limit(const DatabaseConfig& config) noexcept {
  if (config.integrity) return 0;
  constexpr std::size_t most = 1'000'000;
  return static_cast<std::uint32_t>(std::min({config.direct_limit, config.max_connections - 1, most}));
}

// The options of a call that continues over a shared connection: the rest of its time. If that exceeds the
// silence of a shared connection, it would lead to an exclusive one, so the call keeps its options.
engine::CallOptions with_rest(const Database& database, engine::CallOptions options, TimePoint deadline) {
  const std::chrono::milliseconds least(1);
  const TimeLimit rest =
      std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()), least);
  if (!database.outlasts_silence(rest)) options.timeout = rest;
  return options;
}

}  // namespace

// Counts one call in the routing decision for as long as it exists, and holds the route of the call.
class PoolChannel::CallRoute {
 public:
  CallRoute(PoolChannel& channel, TimePoint now) noexcept
      : routing_(channel.sharing_ ? &channel.routing_ : nullptr),
        shared_(routing_ != nullptr && routing_->enter(now) == protocol::Route::shared &&
                channel.async_->usable() && !net::on_loop_thread() && !channel.async_->serves_this_thread()) {
  }
  CallRoute(const CallRoute&) = delete;
  CallRoute& operator=(const CallRoute&) = delete;
  ~CallRoute() {
    if (routing_ != nullptr) routing_->leave();
  }
  [[nodiscard]] bool shared() const noexcept { return shared_; }

 private:
  protocol::Routing* routing_;
  bool shared_;
};

PoolChannel::PoolChannel(std::shared_ptr<Server> server, std::shared_ptr<DirectPool> pool,
                         std::shared_ptr<AsyncPool> async)
    : server_(std::move(server)),
      database_(server_->database()),
      pool_(std::move(pool)),
      async_(std::move(async)),
      generation_(net::fork_generation()),
      sharing_(async_ != nullptr && server_->config().sync_over_shared),
      routing_(direct_limit(server_->config())) {}

std::optional<Error> PoolChannel::exchange(const engine::Request& request, engine::ReplySink& sink,
                                           const engine::CallOptions& options) {
  if (net::forked(generation_)) return server_->error(request.traits().name, failure::forked());
  if (options.timeout.expired()) [[unlikely]]
    return server_->expired(request.traits().name, 1);
  const TimePoint start = Clock::now();
  server_->breaker().tick(start);
  const CallRoute route(*this, start);
  if (route.shared() && sharable(database_, request, options))
    return exchange_shared(*async_, *server_, request, sink, options);
  return exchange_direct(request, sink, options, start);
}

// Acquires a connection if the breaker admits the call. On failure the ticket is returned. `paused`: see
// DirectPool::acquire.
Result<DirectLease> PoolChannel::acquire(Admission& admission, TimePoint& now, TimePoint deadline,
                                         bool* paused) {
  if (!admission) {
    ErrorInfo refused = server_->circuit_open(now);
    return Error(std::move(refused));
  }
  auto acquired = pool_->acquire(now, deadline, paused);
  if (!acquired) admission.drop();
  return acquired;
}

// True if calls of this thread can use a shared connection that is open.
bool PoolChannel::shared_works() const noexcept {
  return sharing_ && async_->serves() && !net::on_loop_thread() && !async_->serves_this_thread();
}

std::optional<Error> PoolChannel::exchange_direct(const engine::Request& request, engine::ReplySink& sink,
                                                  const engine::CallOptions& options, TimePoint start) {
  const engine::RequestTraits& traits = request.traits();
  const TimePoint deadline = database_.deadline(start, options, traits.blocks_for);
  const bool patient = traits.blocks_for || database_.outlasts_silence(options.timeout);
  sink.comes_from(server_->origin());
  CallRetries attempts(*server_, *pool_, traits, options, deadline);
  for (TimePoint now = start;;) {
    Admission admission(server_->breaker(), server_->breaker().admit(now, !traits.blocks_for));
    DirectLease connection = admission ? pool_->take_idle(now, deadline) : DirectLease(*pool_, nullptr);
    if (!connection) {
      bool paused = false;
      const bool may_share = shared_works() && attempts.made() == 1 && sharable(database_, request, options);
      auto acquired = acquire(admission, now, attempts.latest_start(), may_share ? &paused : nullptr);
      if (!acquired) {
        if (paused)
          return exchange_shared(*async_, *server_, request, sink, with_rest(database_, options, deadline));
        if (attempts.wait_for_database(acquired.error().info(), now)) continue;
        return attempts.failed(1, acquired.error().info());
      }
      connection = *std::move(acquired);
    }
    const bool reused = connection->exchanges() != 0;
    if (patient) [[unlikely]]
      connection->use_fast_keepalive(true);
    net::Outcome outcome = connection->exchange(request.outgoing(), sink, now, deadline);
    if (outcome.kind == net::Outcome::Kind::answered) [[likely]] {
      admission.succeeded(outcome.end);
      auto error = report(*server_, traits, connection->shard(), outcome, start);
      connection.return_to_pool(outcome);
      return error;
    }
    const unsigned attempt = attempts.made();
    const std::size_t shard = connection->shard();
    now = outcome.end;
    if (try_again(attempts, traits, connection, outcome, reused, admission, now)) continue;
    auto error = report(*server_, traits, shard, outcome, start, attempts.uncertain(), attempt);
    if (connection) connection.return_to_pool(outcome);
    return error;
  }
}

// Handles an attempt that failed. Returns true, after a delay, if another one is due. The connection was
// returned before the delay.
bool PoolChannel::try_again(CallRetries& attempts, const engine::RequestTraits& traits,
                            DirectLease& connection, net::Outcome& outcome, bool reused, Admission& admission,
                            TimePoint& now) {
  if (must_reconnect(*server_, traits, outcome)) leave_server(*connection, outcome, outcome.text);
  const CallRetries::Delay delay = attempts.next(outcome, reused);
  // A server may close an idle connection. The outcome of the retry shows whether the server works.
  if (delay && reused && outcome.code == Errc::connection_lost) admission.drop();
  record(admission, outcome);
  if (!delay) return false;
  connection.return_to_pool(outcome);
  return attempts.sleep(*delay, now);
}

// Marks the connection for closing after a change of roles. The next connection finds the current server and
// authenticates again. `message`: the reply that shows the change.
void PoolChannel::leave_server(const net::DirectConnection& connection, net::Outcome& outcome,
                               std::string_view message) {
  // A connection that was opened after the change leads to the current server. Without a session it is
  // useless.
  if (!pool_->role_changed(outcome.end, message, connection.opened_at()) && proves_service(message)) return;
  outcome.reusable = false;
  outcome.reason = CloseReason::role;
}

engine::Replies PoolChannel::exchange_batch(const engine::Batch& batch, const engine::CallOptions& options) {
  engine::Replies replies;
  replies.origin = server_->origin();
  if (batch.size() == 0) return replies;
  if (net::forked(generation_)) {
    engine::fail_rest(replies, batch.commands, 0, server_->error("pipeline", failure::forked()));
    return replies;
  }
  if (options.timeout.expired()) {
    engine::fail_rest(replies, batch.commands, 0, server_->expired("pipeline", batch.size()));
    return replies;
  }
  const TimePoint start = Clock::now();
  server_->breaker().tick(start);
  const CallRoute route(*this, start);
  if (route.shared() && sharable(database_, batch, options))
    return exchange_batch_shared(*async_, *server_, batch, options);
  exchange_batch_direct(batch, replies, options, start);
  return replies;
}

void PoolChannel::exchange_batch_direct(const engine::Batch& batch, engine::Replies& replies,
                                        const engine::CallOptions& options, TimePoint start) {
  const engine::RequestTraits& traits = batch.traits;
  const TimePoint deadline = database_.deadline(start, options, traits.blocks_for);
  CallRetries attempts(*server_, *pool_, traits, options, deadline, CallRetries::Of::batch);
  for (TimePoint now = start;;) {
    Admission admission(server_->breaker(), server_->breaker().admit(now, !traits.blocks_for));
    bool paused = false;
    const bool may_share = shared_works() && attempts.made() == 1 && sharable(database_, batch, options);
    auto acquired = acquire(admission, now, attempts.latest_start(), may_share ? &paused : nullptr);
    if (!acquired) {
      if (paused) {
        replies = exchange_batch_shared(*async_, *server_, batch, with_rest(database_, options, deadline));
        return;
      }
      if (attempts.wait_for_database(acquired.error().info(), now)) continue;
      return report_unsent(*server_, replies, batch, acquired.error().info(), attempts.made());
    }
    DirectLease connection = *std::move(acquired);
    const bool reused = connection->exchanges() != 0;
    const std::size_t shard = connection->shard();
    if (traits.blocks_for || database_.outlasts_silence(options.timeout)) [[unlikely]]
      connection->use_fast_keepalive(true);
    net::Outcome outcome = connection->exchange_batch(batch, replies, now, deadline);
    record(admission, outcome);
    const unsigned attempt = attempts.made();
    now = outcome.end;
    if (try_batch_again(attempts, replies, connection, outcome, reused, now)) continue;
    if (const auto message = must_reconnect(*server_, batch, replies))
      leave_server(*connection, outcome, *message);
    report_batch(*server_, replies, batch, shard, outcome, start, attempt);
    if (connection) connection.return_to_pool(outcome);
    return;
  }
}

// Handles a batch that failed as `try_again` handles a command. It is sent again only if no command of it can
// have been executed.
bool PoolChannel::try_batch_again(CallRetries& attempts, engine::Replies& replies, DirectLease& connection,
                                  const net::Outcome& outcome, bool reused, TimePoint& now) {
  if (outcome.kind != net::Outcome::Kind::broken || replies.sent != 0 || !replies.frames.empty())
    return false;
  net::Outcome unsent = outcome;
  unsent.effect = Effect::not_sent;
  const CallRetries::Delay delay = attempts.next(unsent, reused);
  if (!delay) return false;
  connection.return_to_pool(outcome);
  if (!attempts.sleep(*delay, now)) return false;
  replies = {};
  replies.origin = server_->origin();
  return true;
}

std::optional<Error> PoolChannel::ensure_reachable(const engine::CallOptions& options) {
  if (net::forked(generation_)) return server_->error({}, failure::forked());
  if (options.timeout.expired()) return server_->expired({}, 0);
  TimePoint now = Clock::now();
  const TimePoint limit = deadline_after(now, options.timeout.value_or(server_->config().timeouts.connect));
  const engine::RequestTraits traits{};
  const CallRetries attempts(*server_, *pool_, traits, options, limit);
  for (;;) {
    std::optional<Error> error;
    if (server_->breaker().refuses(now))
      error = server_->error({}, server_->circuit_open(now));
    else if (async_)
      error = async_->failure_in_background(now);
    if (!error) error = pool_->ensure_reachable(now, limit);
    if (!error || !attempts.wait_for_database(error->info(), now)) return error;
  }
}

Result<engine::ChannelPtr> PoolChannel::lease(const engine::CallOptions& options, CallSite where) {
  if (net::forked(generation_)) return server_->error("scoped handle", failure::forked());
  if (options.timeout.expired()) return server_->expired("scoped handle", 0);
  TimePoint now = Clock::now();
  const TimePoint deadline = database_.deadline(now, options);
  const engine::RequestTraits traits{"scoped handle"};
  const CallRetries attempts(*server_, *pool_, traits, options, deadline);
  for (;;) {
    Result<DirectLease> acquired = Error(ErrorInfo{});
    if (server_->breaker().refuses(now))
      acquired = Error(server_->circuit_open(now));
    else
      acquired = pool_->acquire(now, deadline);
    if (acquired)
      return engine::ChannelPtr(std::make_shared<LeaseChannel>(server_, pool_, std::move(*acquired), where));
    if (!attempts.wait_for_database(acquired.error().info(), now))
      return attempts.failed(0, acquired.error().info());
  }
}

}  // namespace redstart::inline v0::pool
