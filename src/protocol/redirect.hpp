// SPDX-License-Identifier: Apache-2.0
// redirect.hpp: reads the primary's address from a REDIRECT reply.
#pragma once

#include <redstart/core/server_reply.hpp>

#include <cstddef>
#include <string_view>

namespace redstart::inline v0::protocol {

/// "10.0.0.2:6379" from "REDIRECT 10.0.0.2:6379"; empty if `message` is another reply, or no such address.
///
/// A replica of Valkey replies so, instead of READONLY, on connections that have sent CLIENT CAPA redirect.
[[nodiscard]] constexpr std::string_view redirect_address(std::string_view message) noexcept {
  constexpr std::string_view allowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_:[]%";
  constexpr std::size_t longest = 255 + 6;  // a host name and a port
  if (error_word(message) != "REDIRECT") return {};
  message.remove_prefix(message.find(' ') == std::string_view::npos ? message.size() : 9);
  if (message.size() > longest || message.find(':') == std::string_view::npos) return {};
  return message.find_first_not_of(allowed) == std::string_view::npos ? message : std::string_view();
}

}  // namespace redstart::inline v0::protocol
