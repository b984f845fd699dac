// SPDX-License-Identifier: Apache-2.0
// credentials.hpp: user and password, fixed or provided for each connection.
#pragma once

#include <redstart/core/secret.hpp>

#include <string>

namespace redstart::inline v0 {

/// A user and a password.
struct Credentials {
  std::string username{};  ///< ACL user; empty: the server's default user.
  Secret password{};       ///< Empty: no AUTH.
};

/// Provides the credentials of a database for each new connection, so that passwords rotate without a
/// restart. If the server refuses them, the provider is called once more for that connection, in case they
/// changed in between.
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
