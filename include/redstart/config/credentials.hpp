// SPDX-License-Identifier: Apache-2.0
// credentials.hpp: who we are to the server, fixed or asked for anew with each connection.
#pragma once

#include <redstart/core/secret.hpp>

#include <string>

namespace redstart::inline v0 {

/// A user and a password.
struct Credentials {
  std::string username{};  ///< ACL user; empty: the server's default user.
  Secret password{};       ///< Empty: no AUTH.
};

/// Gives the credentials of a database, each time that a connection is opened: passwords rotate without a
/// restart. When the server refuses what it gave, it is asked once more for that connection, so that a
/// rotation in between costs nothing.
///
/// Thread safety: implementations are safe for concurrent use. They are called on helper threads and may take
/// a while (a file, a local service). What they throw is a failed attempt to connect; so is one that takes
/// longer than the connect timeout: nobody waits for it any more, but its thread does, and the provider lives
/// until that has ended. Put a limit of time on whatever it asks: each attempt has a thread of its own.
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
