// SPDX-License-Identifier: Apache-2.0
// credentials.hpp: who we are to the server, fixed or asked for anew with each connection.
#pragma once

#include <redstart/core/secret.hpp>

#include <string>

namespace redstart {

/// A user and a password.
struct Credentials {
  std::string username{};  ///< ACL user; empty: the server's default user.
  Secret password{};       ///< Empty: no AUTH.
};

/// Gives the credentials of a database, each time that a connection is opened: passwords rotate without a
/// restart. When the server refuses what it gave, it is asked once more for that connection, so that a
/// rotation in between costs nothing.
///
/// Thread safety: implementations are safe for concurrent use. They may take a while (a file, a local
/// service), never longer than the connect timeout; what they throw is a failed attempt to connect.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  [[nodiscard]] virtual Credentials credentials() = 0;

 protected:
  CredentialsProvider() = default;
  CredentialsProvider(const CredentialsProvider&) = default;
  CredentialsProvider& operator=(const CredentialsProvider&) = default;
};

}  // namespace redstart
