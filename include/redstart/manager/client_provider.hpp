// SPDX-License-Identifier: Apache-2.0
// client_provider.hpp: where handles come from, as an interface for injection.
#pragma once

#include <redstart/client/client.hpp>
#include <redstart/client/scoped_client.hpp>
#include <redstart/config/redis_database.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace redstart {

/// Gives out handles. `RedisConnectionManager` implements it; code that takes a `ClientProvider&` can be
/// given another.
///
/// Thread safety: implementations are safe for concurrent use.
class ClientProvider {
 public:
  virtual ~ClientProvider() = default;

  /// The standard handle of a database.
  ///
  /// Errors: `Unavailable` when the database can't be reached; `Errc::unknown_database`, `Errc::not_started`
  /// at once.
  [[nodiscard]] Client client(std::string_view database) { return Client(channel(database).value()); }
  [[nodiscard]] Client client(RedisDatabase database) { return client(to_string(database)); }

  /// The optional handle: empty when the database can't be reached, so that the service goes on without it.
  ///
  /// Errors: those that no outage explains (unknown_database, not_started) are thrown.
  [[nodiscard]] std::optional<Client> optional_client(std::string_view database) {
    auto found = channel(database);
    if (found) return Client(*std::move(found));
    if (!is_unavailable(found.error().code())) found.error().raise();
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Client> optional_client(RedisDatabase database) {
    return optional_client(to_string(database));
  }

  /// The scoped handle: one exclusive connection until the end of the scope.
  ///
  /// Errors: like `client`, and `Errc::pool_timeout` when every connection stays in use.
  [[nodiscard]] ScopedClient scoped_client(std::string_view database) {
    return ScopedClient(channel(database).value()->lease({}).value());
  }
  [[nodiscard]] ScopedClient scoped_client(RedisDatabase database) {
    return scoped_client(to_string(database));
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

 protected:
  ClientProvider() = default;
  ClientProvider(const ClientProvider&) = default;
  ClientProvider& operator=(const ClientProvider&) = default;

  /// The channel of a database that can be reached, or the error that `client` throws.
  [[nodiscard]] virtual Result<engine::ChannelPtr> channel(std::string_view database) = 0;
};

}  // namespace redstart
