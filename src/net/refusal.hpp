// SPDX-License-Identifier: Apache-2.0
// refusal.hpp: error replies of a server without what it may repeat of secrets.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/request.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace redstart::inline v0::net {

/// The words of an error reply to `command`, as `peer_text` without the password of the database and without
/// the secrets in the command.
///
/// Preconditions: as of `resp::error_text`.
[[nodiscard]] std::string refusal_text(std::string_view frame, const engine::Outgoing& command,
                                       const DatabaseConfig& config);
/// The same as a simple error in RESP: at most 515 bytes, however large the reply is.
[[nodiscard]] std::string refusal_frame(std::string_view frame, const engine::Outgoing& command,
                                        const DatabaseConfig& config);

/// Replaces the error replies of a batch by their `refusal_frame`, where that is another one. `ends[i]` is
/// where command `i` ends in `bytes`. Frees large ones.
void replace_refusals(engine::Replies& replies, std::string_view bytes, std::span<const std::size_t> ends,
                      const DatabaseConfig& config);

}  // namespace redstart::inline v0::net
