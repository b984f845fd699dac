// SPDX-License-Identifier: Apache-2.0
// authentication_command.hpp: encodes AUTH for a connection that is open.
#pragma once

#include <redstart/config/credentials.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// Returns AUTH with these credentials, in RESP. Empty if they are: then no AUTH is needed.
[[nodiscard]] inline Secret authentication_command(const Credentials& credentials) {
  const std::string_view user = credentials.username;
  const std::string_view password = credentials.password.reveal();
  if (user.empty() && password.empty()) return {};
  std::string command;
  // Reserve all memory before the first byte, because growing would leave a copy of the password behind.
  constexpr std::size_t around = 64;
  command.reserve(user.size() + password.size() + around);
  command += user.empty() ? "*2\r\n$4\r\nAUTH\r\n" : "*3\r\n$4\r\nAUTH\r\n";
  const auto append = [&command](std::string_view text) {
    ((((command += '$') += std::to_string(text.size())) += "\r\n") += text) += "\r\n";
  };
  if (!user.empty()) append(user);
  append(password);
  return Secret(std::move(command));
}

}  // namespace redstart::inline v0::protocol
