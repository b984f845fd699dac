// SPDX-License-Identifier: Apache-2.0
// decode_text.hpp: replies into std::string and std::string_view.
#pragma once

#include <string>
#include <string_view>

#include <redstart/resp/decoder.hpp>

namespace redstart::inline v0::resp {

namespace detail {

inline bool has_text(Type type) noexcept {
  return type == Type::bulk || type == Type::simple || type == Type::verbatim || type == Type::integer ||
         type == Type::real || type == Type::bignum;
}

/// Takes a text that isn't a plain bulk string. Joins streamed ones into `joined`.
[[gnu::noinline]] inline bool take_text(Cursor& cursor, std::string_view& out, std::string* joined) {
  cursor.peek();
  if (cursor.take_bulk(out)) return true;
  const std::size_t offset = cursor.offset();
  const Token token = cursor.take_raw();
  if (!has_text(token.type)) return cursor.fail("a string", token, offset);
  out = token.text;
  if (!token.streamed) return true;
  if (joined == nullptr)
    return cursor.fail("a string in one piece (read a streamed one into std::string)", token, offset);
  joined->clear();
  while (cursor.take_chunk(out)) joined->append(out);
  if (token.type == Type::verbatim) joined->erase(0, 4);
  out = *joined;
  return true;
}

}  // namespace detail

/// The text of strings of every kind, and of numbers as they were sent.
template <>
struct decoder<std::string> {
  static void decode(Cursor& cursor, std::string& out) {
    std::string_view text;
    if (cursor.take_bulk(text)) {
      out.assign(text.data(), text.size());
      return;
    }
    std::string joined;
    if (detail::take_text(cursor, text, &joined)) out = text;
  }
};

/// As std::string, without a copy: a view into the frame. Streamed strings aren't in one piece and fail.
template <>
struct decoder<std::string_view> {
  static void decode(Cursor& cursor, std::string_view& out) {
    if (!cursor.take_bulk(out)) detail::take_text(cursor, out, nullptr);
  }
};

}  // namespace redstart::inline v0::resp
