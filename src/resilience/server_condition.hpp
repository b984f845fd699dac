// SPDX-License-Identifier: Apache-2.0
// server_condition.hpp: what an error reply says about the server that gave it.
#pragma once

#include <redstart/core/server_reply.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// Whether a connection still leads to where its commands belong.
enum class ServerCondition : std::uint8_t {
  serving,     ///< The error concerns the command.
  loading,     ///< LOADING: the server will serve, once its data set is in memory.
  elsewhere,   ///< MOVED, ASK: another server of a cluster has the key; to ask again here can't help.
  other_role,  ///< READONLY, REDIRECT, MASTERDOWN: a replica answers where a master was; its name may lead
               ///< elsewhere now. Also UNBLOCKED, when it is the reason why a command need not wait any more.
  session_lost,  ///< NOAUTH on a connection that had passed AUTH: a proxy has dropped its session.
};

/// Judges an error reply by its first word. `authenticated`: the connection had passed AUTH, and the reply is
/// that of a plain command.
[[nodiscard]] constexpr ServerCondition condition_of(std::string_view message,
                                                     bool authenticated = false) noexcept {
  const std::string_view word = error_word(message);
  if (word == "NOAUTH" && authenticated) return ServerCondition::session_lost;
  if (word == "LOADING") return ServerCondition::loading;
  if (word == "READONLY" || word == "REDIRECT" || word == "MASTERDOWN") return ServerCondition::other_role;
  if (message.starts_with("UNBLOCKED force unblock")) return ServerCondition::other_role;
  if (word == "MOVED" || word == "ASK") return ServerCondition::elsewhere;
  return ServerCondition::serving;
}

/// Advice about the errors of a node of Redis Cluster; empty for all others.
[[nodiscard]] constexpr std::string_view cluster_advice(std::string_view message) noexcept {
  const std::string_view word = error_word(message);
  if (word != "MOVED" && word != "ASK" && word != "CLUSTERDOWN" && word != "CROSSSLOT") return {};
  return "This server is a node of Redis Cluster, which is not supported yet: use a server that is no "
         "cluster, "
         "or a proxy that speaks to the cluster";
}

/// True when a server that answers so serves its clients: NOAUTH may come from a proxy that has no server.
[[nodiscard]] constexpr bool proves_service(std::string_view message) noexcept {
  return error_word(message) != "NOAUTH";
}

/// True where the connection must be closed: a new one waits for the server, finds the right one, or
/// authenticates again.
[[nodiscard]] constexpr bool must_reconnect(ServerCondition condition) noexcept {
  switch (condition) {
    case ServerCondition::loading:
    case ServerCondition::other_role:
    case ServerCondition::session_lost: return true;
    case ServerCondition::serving:
    case ServerCondition::elsewhere: return false;
  }
  return false;
}

}  // namespace redstart::inline v0
