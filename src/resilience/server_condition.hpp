// SPDX-License-Identifier: Apache-2.0
// server_condition.hpp: what an error reply shows about its server.
#pragma once

#include <redstart/core/server_reply.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// Whether a connection still leads to the server that its commands need.
enum class ServerCondition : std::uint8_t {
  serving,       ///< The error concerns the command.
  loading,       ///< LOADING: the server will serve once its data set is in memory.
  elsewhere,     ///< MOVED, ASK: another server of a cluster has the key; repeating here can't help.
  other_role,    ///< READONLY, MASTERDOWN, REDIRECT, and UNBLOCKED after a change of roles: a replica answers
                 ///< in place of a primary; the name may lead to another server now.
  session_lost,  ///< NOAUTH on a connection that had passed AUTH: a proxy has dropped its session.
};

/// Classifies an error reply by its first word, or by that of the reason for which EXEC was aborted.
/// `authenticated`: the connection had passed AUTH, and the reply is not that of a script.
[[nodiscard]] constexpr ServerCondition condition_of(std::string_view message,
                                                     bool authenticated = false) noexcept {
  const std::string_view root = root_message(message);
  const std::string_view word = error_word(root);
  if (word == "NOAUTH" && authenticated) return ServerCondition::session_lost;
  if (word == "LOADING") return ServerCondition::loading;
  if (word == "READONLY" || word == "MASTERDOWN" || word == "REDIRECT") return ServerCondition::other_role;
  if (is_forced_unblock(root)) return ServerCondition::other_role;
  if (word == "MOVED" || word == "ASK") return ServerCondition::elsewhere;
  return ServerCondition::serving;
}

/// True if the reply proves that the server serves its clients. NOAUTH may come from a proxy without a
/// server.
[[nodiscard]] constexpr bool proves_service(std::string_view message) noexcept {
  return error_word(message) != "NOAUTH";
}

/// True if the connection must be closed: a new one waits for the server, finds the right one, or
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
