// SPDX-License-Identifier: Apache-2.0
// server_identity.hpp: product, version, role and run of a server.
#pragma once

#include <string>

namespace redstart::inline v0 {

/// Which server this is, from its replies to HELLO and INFO. A field is empty if the server did not report
/// it: with RESP2, only `RedisConnectionManager::validate_connection` fills it, by INFO.
struct ServerIdentity {
  std::string product{};  ///< "Redis", "Valkey".
  std::string version{};  ///< The product's own: "7.0.15".
  std::string mode{};     ///< "standalone", "cluster", "sentinel".
  std::string role{};     ///< "master", "replica".
  /// As the setting `availability-zone` of Valkey 8.0 and later names it.
  std::string availability_zone{};
  /// Changes whenever the server restarts. Only INFO reports it.
  std::string run_id{};

  friend bool operator==(const ServerIdentity&, const ServerIdentity&) = default;
};

}  // namespace redstart::inline v0
