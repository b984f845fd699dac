// SPDX-License-Identifier: Apache-2.0
// client_provider.hpp: the interface that provides handles, for injection.
#pragma once

#include <redstart/client/client.hpp>
#include <redstart/client/scoped_client.hpp>
#include <redstart/config/redis_database.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/engine/channel_source.hpp>
#include <redstart/manager/named_databases.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

// Defined in <redstart/client/async_operations.hpp>; redstart.hpp includes it.
namespace engine {
class AsyncChannelSource;
using AsyncChannelSourcePtr = std::shared_ptr<AsyncChannelSource>;
}  // namespace engine
class AsyncClient;
class AsyncScopedClient;
namespace detail {
class LeaseReceiver;
class ReachableReceiver;

/// True for errors that make an optional handle empty: an outage, or an expired time limit.
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

/// Provides handles. `RedisConnectionManager` implements it. Code that takes a `ClientProvider&` works with
/// any other implementation.
///
/// Time limits: a `timeout` of zero or less has expired. The call fails at once with `Errc::timeout`, and
/// `optional_client` and `optional_async_client` return an empty handle.
///
/// Thread safety: implementations are safe for concurrent use.
class ClientProvider : public NamedDatabases<ClientProvider, AsyncClient> {
 public:
  virtual ~ClientProvider() = default;

  /// Returns the standard handle of a database.
  ///
  /// It waits for the first connection only if no connect attempt has ended yet, or while the server is
  /// loading. `timeout` limits that wait; unset: `timeouts.connect`. Calls on the handle have limits of their
  /// own (`with_timeout`).
  ///
  /// Errors: `Unavailable` if the database can't be reached. `Errc::unknown_database` and `Errc::not_started`
  /// are immediate.
  [[nodiscard]] Client client(std::string_view database, TimeLimit timeout = {}) {
    return Client(channel(database, timeout).value());
  }
  [[nodiscard]] Client client(RedisDatabase database, TimeLimit timeout = {}) {
    return client(to_string(database), timeout);
  }

  /// Returns the optional handle: empty if the database can't be reached, so that the service can continue
  /// without it. If the last connect attempt failed, it is empty at once, and the next attempt is made in the
  /// background.
  ///
  ///     if (auto cache = redis.optional_client("cache", 50ms)) cache->incr("hits");
  ///
  /// `timeout`: as for `client`. Use a short one: if a server accepts connections and stays silent, the first
  /// caller waits for all of it, by default `timeouts.connect` (5 s).
  ///
  /// Errors: those that no outage explains (`unknown_database`, `not_started`) are thrown.
  [[nodiscard]] std::optional<Client> optional_client(std::string_view database, TimeLimit timeout = {}) {
    auto found = channel(database, timeout);
    if (found) return Client(*std::move(found));
    if (!detail::means_absent(found.error().code())) found.error().raise();
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Client> optional_client(RedisDatabase database, TimeLimit timeout = {}) {
    return optional_client(to_string(database), timeout);
  }

  /// Returns the scoped handle: one exclusive connection until the end of the scope.
  ///
  /// `timeout` limits the whole wait for the connection. Unset: as long as `client` waits, then at most
  /// `timeouts.acquire` for a free connection. A handle that is held longer than `lease_warning` emits an
  /// event with `where`, which should keep its default.
  ///
  /// Errors: those of `client`, and `Errc::pool_timeout` if every connection stays in use.
  [[nodiscard]] ScopedClient scoped_client(std::string_view database, TimeLimit timeout = {},
                                           CallSite where = CallSite::here());
  [[nodiscard]] ScopedClient scoped_client(RedisDatabase database, TimeLimit timeout = {},
                                           CallSite where = CallSite::here()) {
    return scoped_client(to_string(database), timeout, where);
  }

  /// Executes a pipeline: `collect(pipe)` queues commands and returns slots. Returns their replies.
  template <class F>
  auto pipeline(std::string_view database, F&& collect) {
    return client(database).pipeline(std::forward<F>(collect));
  }
  template <class F>
  auto pipeline(RedisDatabase database, F&& collect) {
    return pipeline(to_string(database), std::forward<F>(collect));
  }

  /// Returns the asynchronous handle, at once. It connects in the background.
  ///
  /// Errors: `Unavailable` if the last connect attempt failed, or the manager was shut down;
  /// `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] AsyncClient async_client(std::string_view database);
  [[nodiscard]] AsyncClient async_client(RedisDatabase database);

  /// Returns an operation that completes with the optional handle, `std::optional<AsyncClient>`, once a
  /// connection is ready; empty if the database can't be reached.
  ///
  ///     if (auto cache = co_await redis.optional_async_client("cache", 50ms)) co_await cache->incr("hits");
  ///
  /// `timeout`: the limit of the operation; unset: the database's command timeout.
  ///
  /// Errors: those that no outage explains are thrown at once.
  [[nodiscard]] ReachableOperation optional_async_client(std::string_view database, TimeLimit timeout = {});
  [[nodiscard]] ReachableOperation optional_async_client(RedisDatabase database, TimeLimit timeout = {});

  /// Returns an operation that completes with the scoped handle, `AsyncScopedClient`, which owns one
  /// connection until it is destroyed.
  ///
  ///     auto session = co_await redis.scoped_async_client("sessions");
  ///
  /// `timeout`: the limit of the wait for the connection; unset: the database's command timeout.
  ///
  /// Errors: it completes with those of `scoped_client`. Those that no outage explains are thrown at once.
  [[nodiscard]] LeaseOperation scoped_async_client(std::string_view database, TimeLimit timeout = {},
                                                   CallSite where = CallSite::here());
  [[nodiscard]] LeaseOperation scoped_async_client(RedisDatabase database, TimeLimit timeout = {},
                                                   CallSite where = CallSite::here());

 protected:
  ClientProvider() = default;
  ClientProvider(const ClientProvider&) = default;
  ClientProvider& operator=(const ClientProvider&) = default;

  /// Returns the channel of a database that can be reached, or the error that `client` throws, after
  /// `timeout` at the latest if that is set.
  [[nodiscard]] virtual Result<engine::ChannelSourcePtr> channel(std::string_view database,
                                                                 TimeLimit timeout) = 0;
  /// Returns the asynchronous channel of a database, whether or not it can be reached. The default
  /// implementation returns an error, because it has none.
  [[nodiscard]] virtual Result<engine::AsyncChannelSourcePtr> async_channel(std::string_view database);
  /// Returns why the database can't be reached, as far as that is known without waiting. The default
  /// implementation returns nothing.
  [[nodiscard]] virtual std::optional<Error> outage(std::string_view database);
};

}  // namespace redstart::inline v0
