// SPDX-License-Identifier: Apache-2.0
// operation_of.cpp: looks up the row of a failed command.
#include "operation_of.hpp"

#include <redstart/commands/session_state.hpp>

namespace redstart::inline v0::pool {

OperationId operation_of(std::string_view command, std::uint64_t commands) noexcept {
  if (commands > 1 || command == "pipeline") return OperationId::pipeline;
  const std::size_t blank = command.find(' ');
  const std::string_view second =
      blank == std::string_view::npos ? std::string_view() : command.substr(blank + 1);
  const CommandInfo* const row = lookup(command.substr(0, blank), second);
  return row != nullptr ? row->operation : OperationId::other;
}

}  // namespace redstart::inline v0::pool
