// SPDX-License-Identifier: Apache-2.0
// connection_options.hpp: options of commands on connections.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/option_text.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// The use of a connection, as the server sees it.
enum class ClientKind : std::uint8_t { normal, master, replica, pubsub };

[[nodiscard]] constexpr std::string_view to_string(ClientKind kind) noexcept {
  constexpr std::string_view words[] = {"normal", "master", "replica", "pubsub"};
  return words[static_cast<std::uint8_t>(kind)];
}

/// Options of CLIENT LIST.
struct ClientListOptions {
  std::optional<ClientKind> kind{};  ///< TYPE. Since Redis 5.0.
  std::vector<std::int64_t> ids{};   ///< ID. Since Redis 6.2.

  template <class Put>
  void arguments(Put& put) const {
    if (kind) put("TYPE", to_string(*kind));
    if (!ids.empty()) put("ID", ids);
  }
};

/// Conditions of CLIENT KILL: it closes the connections that meet all of them. Set at least one.
struct ClientKillFilter {
  std::optional<std::int64_t> id{};  ///< ID
  std::optional<ClientKind> kind{};  ///< TYPE
  OptionText user{};                 ///< USER. Since Redis 6.0.
  OptionText address{};              ///< ADDR: `ip:port` of the client
  OptionText local_address{};        ///< LADDR: `ip:port` of the server. Since Redis 6.2.
  bool skip_me = true;               ///< SKIPME: keeps the connection that sends the command.

  template <class Put>
  void arguments(Put& put) const {
    if (id) put("ID", *id);
    if (kind) put("TYPE", to_string(*kind));
    if (!user.empty()) put("USER", user);
    if (!address.empty()) put("ADDR", address);
    if (!local_address.empty()) put("LADDR", local_address);
    if (!skip_me) put("SKIPME", "no");
  }
};

/// The commands that CLIENT PAUSE holds back.
enum class Pause : std::uint8_t {
  all,
  writes,  ///< Since Redis 6.2.
};

/// How CLIENT UNBLOCK ends a blocking command.
enum class Unblock : std::uint8_t {
  timeout,  ///< As if its time had passed.
  error,    ///< With the error UNBLOCKED.
};

}  // namespace redstart::inline v0
