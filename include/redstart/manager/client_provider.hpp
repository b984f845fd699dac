// SPDX-License-Identifier: Apache-2.0
// client_provider.hpp: the interface that provides handles, for injection.
#pragma once

#include <redstart/client/client.hpp>
#include <redstart/client/scoped_client.hpp>
#include <redstart/config/redis_database.hpp>
#include <redstart/core/clock.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

// Of <redstart/client/async_operations.hpp>, which whoever uses them includes (redstart.hpp does).
namespace engine {
class AsyncChannel;
using AsyncChannelPtr = std::shared_ptr<AsyncChannel>;
}  // namespace engine
class AsyncClient;
class AsyncScopedClient;
namespace detail {
class LeaseReceiver;
class ReachableReceiver;

/// True for errors that make an optional handle empty: an outage, or a time limit that has expired.
[[nodiscard]] constexpr bool means_absent(Errc code) noexcept {
  return is_unavailable(code) || code == Errc::timeout;
}

}  // namespace detail
template <class R, class Signature, class Receiver>
class Operation;
using LeaseOperation =
    Operation<AsyncScopedClient, void(std::exception_ptr, AsyncScopedClient), detail::LeaseReceiver>;
using ReachableOperation =
    Operation<std::optional<AsyncClient>, void(std::exception_ptr, std::optional<AsyncClient>),
              detail::ReachableReceiver>;

/// Gives out handles. `RedisConnectionManager` implements it; code that takes a `ClientProvider&` can be
/// given another.
///
/// Time limits: a `timeout` of zero or less has expired. The call fails at once with `Errc::timeout`, and
/// `optional_client` and `optional_async_client` give an empty handle.
///
/// Thread safety: implementations are safe for concurrent use.
class ClientProvider {
 public:
  virtual ~ClientProvider() = default;

  /// The standard handle of a database.
  ///
  /// At once, but where nobody knows yet whether the database can be reached, or while its server is loading:
  /// then it waits for the first connection. `timeout`: how long it may wait; unset: `timeouts.connect`.
  /// Calls on the handle have limits of their own (`with_timeout`).
  ///
  /// Errors: `Unavailable` when the database can't be reached; `Errc::unknown_database`, `Errc::not_started`
  /// at once.
  [[nodiscard]] Client client(std::string_view database, TimeLimit timeout = {}) {
    return Client(channel(database, timeout).value());
  }
  [[nodiscard]] Client client(RedisDatabase database, TimeLimit timeout = {}) {
    return client(to_string(database), timeout);
  }

  /// The optional handle: empty when the database can't be reached, so that the service goes on without it.
  /// While the last attempt to connect failed it is empty at once; the next attempt is made in the
  /// background.
  ///
  ///     if (auto cache = redis.optional_client("cache", 50ms)) cache->incr("hits");
  ///
  /// `timeout`: as for `client`. Give a short one: a server that accepts connections and stays silent costs
  /// the first caller all of it, by default `timeouts.connect` (5 s). Errors: those that no outage explains
  /// (unknown_database, not_started) are thrown.
  [[nodiscard]] std::optional<Client> optional_client(std::string_view database, TimeLimit timeout = {}) {
    auto found = channel(database, timeout);
    if (found) return Client(*std::move(found));
    if (!detail::means_absent(found.error().code())) found.error().raise();
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Client> optional_client(RedisDatabase database, TimeLimit timeout = {}) {
    return optional_client(to_string(database), timeout);
  }

  /// The scoped handle: one exclusive connection until the end of the scope.
  ///
  /// `timeout`: for getting the connection, all in all; unset: as long as `client` waits, then at most
  /// `timeouts.acquire` for a free connection. Keep it briefly: one that is kept for longer than
  /// `lease_warning` is told as an event, with `where` it was taken; leave that to its default.
  ///
  /// Errors: like `client`, and `Errc::pool_timeout` when every connection stays in use.
  [[nodiscard]] ScopedClient scoped_client(std::string_view database, TimeLimit timeout = {},
                                           CallSite where = CallSite::here());
  [[nodiscard]] ScopedClient scoped_client(RedisDatabase database, TimeLimit timeout = {},
                                           CallSite where = CallSite::here()) {
    return scoped_client(to_string(database), timeout, where);
  }

  /// A pipeline on a database: `collect(pipe)` queues commands and returns slots, this returns their replies.
  template <class F>
  auto pipeline(std::string_view database, F&& collect) {
    return client(database).pipeline(std::forward<F>(collect));
  }
  template <class F>
  auto pipeline(RedisDatabase database, F&& collect) {
    return pipeline(to_string(database), std::forward<F>(collect));
  }

  /// The asynchronous handle. Returns at once, and connects in the background.
  ///
  /// Errors: `Unavailable` when the last attempt to reach the database failed, or the manager was shut down;
  /// `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] AsyncClient async_client(std::string_view database);
  [[nodiscard]] AsyncClient async_client(RedisDatabase database);

  /// An operation that completes with the optional handle: `std::optional<AsyncClient>`, once a connection is
  /// ready; empty when the database can't be reached.
  ///
  ///     if (auto cache = co_await redis.optional_async_client("cache", 50ms)) co_await cache->incr("hits");
  ///
  /// `timeout`: how long it may take; unset: the database's command timeout. Errors: those that no outage
  /// explains are thrown at once.
  [[nodiscard]] ReachableOperation optional_async_client(std::string_view database, TimeLimit timeout = {});
  [[nodiscard]] ReachableOperation optional_async_client(RedisDatabase database, TimeLimit timeout = {});

  /// An operation that completes with the scoped handle: `AsyncScopedClient`, which has one connection alone
  /// until it is destroyed.
  ///
  ///     auto session = co_await redis.scoped_async_client("sessions");
  ///
  /// `timeout`: for getting the connection; unset: the database's command timeout. Errors: it completes with
  /// those of `scoped_client`; those that no outage explains are thrown at once.
  [[nodiscard]] LeaseOperation scoped_async_client(std::string_view database, TimeLimit timeout = {},
                                                   CallSite where = CallSite::here());
  [[nodiscard]] LeaseOperation scoped_async_client(RedisDatabase database, TimeLimit timeout = {},
                                                   CallSite where = CallSite::here());

 protected:
  ClientProvider() = default;
  ClientProvider(const ClientProvider&) = default;
  ClientProvider& operator=(const ClientProvider&) = default;

  /// The channel of a database that can be reached, or the error that `client` throws; after `timeout` at the
  /// latest, where that is set.
  [[nodiscard]] virtual Result<engine::ChannelPtr> channel(std::string_view database, TimeLimit timeout) = 0;
  /// The asynchronous channel of a database, whether or not it can be reached. By default the error that says
  /// that this provider has none.
  [[nodiscard]] virtual Result<engine::AsyncChannelPtr> async_channel(std::string_view database);
  /// Why the database can't be reached, as far as that is known without waiting. By default nothing is.
  [[nodiscard]] virtual std::optional<Error> outage(std::string_view database);
};

}  // namespace redstart::inline v0
