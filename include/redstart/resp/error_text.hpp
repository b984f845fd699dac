// SPDX-License-Identifier: Apache-2.0
// error_text.hpp: the message of an error reply, safe to show.
#pragma once

#include <redstart/core/peer_text.hpp>
#include <redstart/resp/cursor.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace redstart::inline v0::resp {

/// Whether a frame is an error reply, with or without attributes.
///
/// Precondition: the scanner has accepted the frame.
[[nodiscard]] inline bool is_error_frame(std::string_view frame) {
  if (frame.front() != '|') return is_error(static_cast<Type>(frame.front()));
  DecodeIssue unused;
  return Cursor(frame, unused).error_next();
}

/// Returns the message of an error reply of either kind, as `peer_text` without `secrets`. At most 512 bytes
/// are copied.
///
/// Precondition: the scanner has accepted the frame, and `is_error` holds for it.
[[nodiscard]] inline std::string error_text(std::string_view frame,
                                            std::span<const std::string_view> secrets = {}) {
  DecodeIssue unused;
  Cursor cursor(frame, unused);
  const Token token = cursor.take();
  if (!token.streamed) return peer_text(token.text, {.secrets = secrets});
  std::string beginning;
  std::size_t whole = 0;
  for (std::string_view chunk; cursor.take_chunk(chunk); whole += chunk.size())
    if (beginning.size() < peer_text_limit) beginning += chunk.substr(0, peer_text_limit - beginning.size());
  return peer_text(beginning, {.whole = whole, .secrets = secrets});
}

}  // namespace redstart::inline v0::resp
