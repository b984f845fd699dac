// SPDX-License-Identifier: Apache-2.0
// refusal.hpp: removes secrets from error replies.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/engine/batch.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/request.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0::engine {

/// Returns the text of an error reply to `command`, as `peer_text`. It contains neither the password of the
/// database nor the secrets in the command.
///
/// Preconditions: those of `resp::error_text`.
[[nodiscard]] std::string refusal_text(std::string_view frame, const Outgoing& command,
                                       const DatabaseConfig& config);
/// Returns `refusal_text` as a simple error in RESP, of at most 515 bytes.
[[nodiscard]] std::string refusal_frame(std::string_view frame, const Outgoing& command,
                                        const DatabaseConfig& config);

/// Replaces the error replies of a batch by their `refusal_frame`, where it differs, and frees large ones.
void replace_refusals(Replies& replies, const Batch& batch, const DatabaseConfig& config);

}  // namespace redstart::inline v0::engine
