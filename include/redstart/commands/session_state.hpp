// SPDX-License-Identifier: Apache-2.0
// session_state.hpp: finds the row of a command by its name.
#pragma once

#include <redstart/commands/command_info.hpp>

#include <string_view>

namespace redstart::inline v0 {

/// The row of the command that begins with these words, in any letter case; null for an unknown command.
/// `second` matters only if the command has subcommands. Knows every command of Redis 7.0 and some of later
/// versions, also those without a typed form.
///
/// Cost: no allocation, about that of hashing the words.
[[nodiscard]] const CommandInfo* lookup(std::string_view first, std::string_view second = {}) noexcept;

/// The row for commands that are in no table. It may write and must not run twice. Its error replies prove
/// nothing, because a command of a module may call other commands.
[[nodiscard]] const CommandInfo& unknown_command() noexcept;

/// The state of its connection that this command changes; `none` for an unknown command.
[[nodiscard]] inline Session session_state(std::string_view first, std::string_view second = {}) noexcept {
  const CommandInfo* const row = lookup(first, second);
  return row != nullptr ? row->session : Session::none;
}

}  // namespace redstart::inline v0
