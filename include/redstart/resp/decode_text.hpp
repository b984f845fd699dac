// SPDX-License-Identifier: Apache-2.0
// decode_text.hpp: decodes replies into std::string and std::string_view.
#pragma once

#include <string>
#include <string_view>

#include <redstart/resp/decoder.hpp>
#include <redstart/resp/detail/huge_pages.hpp>

namespace redstart::inline v0::resp {

namespace detail {

inline bool has_text(Type type) noexcept {
  return type == Type::bulk || type == Type::simple || type == Type::verbatim || type == Type::integer ||
         type == Type::real || type == Type::bignum;
}

/// Reads a text that isn't a plain bulk string. The chunks of a streamed string are joined in `joined`.
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

/// Decodes the text of any string type, and numbers as the text that was sent.
template <>
struct decoder<std::string> {
  static void decode(Cursor& cursor, std::string& out) {
    std::string_view text;
    if (cursor.take_bulk(text)) {
      if (text.size() >= detail::huge_pages_from) [[unlikely]]
        return detail::assign_large(out, text);
      out.assign(text.data(), text.size());
      return;
    }
    std::string joined;
    if (detail::take_text(cursor, text, &joined)) out = text;
  }
};

/// Accepts what std::string accepts, but as a view into the frame. Fails on streamed strings, as they are not
/// contiguous.
template <>
struct decoder<std::string_view> {
  static void decode(Cursor& cursor, std::string_view& out) {
    if (!cursor.take_bulk(out)) detail::take_text(cursor, out, nullptr);
  }
};

}  // namespace redstart::inline v0::resp
