// SPDX-License-Identifier: Apache-2.0
// secret_arguments.hpp: the arguments of a command that no message may show.
#pragma once

#include <redstart/engine/request.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace redstart::inline v0::engine {

/// Arguments of the command at the beginning of `encoded` that are passwords, or may be where they are in the
/// wrong place: those of AUTH, HELLO … AUTH, ACL SETUSER, MIGRATE … AUTH and AUTH2; of CONFIG SET, SENTINEL
/// and other commands of administrators those beside a name such as `requirepass`. Views into `encoded`, none
/// for other commands.
///
/// Precondition: `encoded` is what a `resp::Writer` has written.
[[nodiscard]] std::vector<std::string_view> secret_arguments(std::string_view encoded);
/// The same where large arguments are sent from where they lie.
[[nodiscard]] std::vector<std::string_view> secret_arguments(const Outgoing& out);

/// The rest of `encoded` behind its first `commands` commands.
[[nodiscard]] std::string_view skip_commands(std::string_view encoded, std::size_t commands) noexcept;

}  // namespace redstart::inline v0::engine
