// SPDX-License-Identifier: Apache-2.0
// credentials.hpp: user and password, fixed or provided for each connection.
#pragma once

#include <redstart/core/secret.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace redstart::inline v0 {

/// A user and a password.
struct Credentials {
  std::string username{};  ///< ACL user; empty: the server's default user.
  Secret password{};       ///< Empty: no AUTH.
  /// How long the credentials are valid, from the call of the provider on. Unset: indefinitely. At least
  /// 100 ms; shorter times count as 100 ms. Before that time has passed, the provider is asked again and open
  /// connections authenticate again.
  std::optional<std::chrono::milliseconds> refresh_after{};
};

/// Provides the credentials of a database for each new connection, so that passwords rotate without a
/// restart. If the server refuses them, the provider is called once more for that connection, in case they
/// changed in between.
///
/// Credentials with `refresh_after` are used for all connections of the database. The provider is called once
/// for each period, after 60 to 70 % of it, and again after a delay if it fails. Open connections send AUTH
/// with the newest credentials after 72 to 88 % of the period of theirs. If the server refuses AUTH, or no
/// newer credentials are there at the end of the period, the connection is closed after its work and the
/// event `redis.credentials.refresh_failed` is emitted.
///
/// Thread safety: implementations are safe for concurrent use. They are called on helper threads and may
/// block, for example on a file or a local service.
///
/// Errors: an exception fails the connect attempt, and so does a call that exceeds the connect timeout. The
/// thread of such a call goes on, and the provider lives until the call returns. Limit the time of all that
/// it waits for, because each connect attempt has a thread of its own.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  [[nodiscard]] virtual Credentials credentials() = 0;

 protected:
  CredentialsProvider() = default;
  CredentialsProvider(const CredentialsProvider&) = default;
  CredentialsProvider& operator=(const CredentialsProvider&) = default;
};

}  // namespace redstart::inline v0
