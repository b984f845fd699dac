// SPDX-License-Identifier: Apache-2.0
// operation_of.hpp: finds the operation of a failed call.
#pragma once

#include <redstart/commands/operation_id.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0::pool {

/// Returns the operation of a call of `commands` commands, by its name in messages. Cost: a search, so for
/// failures only.
[[nodiscard]] OperationId operation_of(std::string_view command, std::uint64_t commands) noexcept;

}  // namespace redstart::inline v0::pool
