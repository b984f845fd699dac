// SPDX-License-Identifier: Apache-2.0
// session_state.hpp: what is known of a command that was given by its words alone.
#pragma once

#include <redstart/commands/command_info.hpp>

#include <string_view>

namespace redstart::inline v0 {

/// The row of the command that begins with these words, in any letter case; null for an unknown one. `second`
/// is taken into account where the command has subcommands. Knows every command of Redis 7.0 and some of
/// later versions, also those without a typed form.
///
/// Cost: no allocation, about as much as hashing the words.
[[nodiscard]] const CommandInfo* lookup(std::string_view first, std::string_view second = {}) noexcept;

/// What is assumed of a command that is in no table: it may write, must not run twice, and its errors prove
/// nothing, because it may be of a module that calls other commands.
[[nodiscard]] const CommandInfo& unknown_command() noexcept;

/// The state of its connection that such a command changes; `none` for an unknown one.
[[nodiscard]] inline Session session_state(std::string_view first, std::string_view second = {}) noexcept {
  const CommandInfo* const row = lookup(first, second);
  return row != nullptr ? row->session : Session::none;
}

}  // namespace redstart::inline v0
