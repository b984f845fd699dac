// SPDX-License-Identifier: Apache-2.0
// error_text.hpp: the words of an error reply.
#pragma once

#include <redstart/resp/cursor.hpp>

#include <string>
#include <string_view>

namespace redstart::resp {

/// Whether a frame is an error of the server, attributes before it or not.
///
/// Precondition: the frame has passed a Scanner.
[[nodiscard]] inline bool is_error_frame(std::string_view frame) {
  if (frame.front() != '|') return is_error(static_cast<Type>(frame.front()));
  DecodeIssue unused;
  return Cursor(frame, unused).error_next();
}

/// What the server said in an error reply of either kind.
///
/// Precondition: the frame has passed a Scanner, and `is_error` of its type.
[[nodiscard]] inline std::string error_text(std::string_view frame) {
  DecodeIssue unused;
  Cursor cursor(frame, unused);
  const Token token = cursor.take();
  std::string text(token.text);
  std::string_view chunk;
  while (token.streamed && cursor.take_chunk(chunk)) text += chunk;
  return text;
}

}  // namespace redstart::resp
