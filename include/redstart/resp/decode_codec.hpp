// SPDX-License-Identifier: Apache-2.0
// decode_codec.hpp: decodes replies into user types through redstart::codec.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <redstart/core/peer_text.hpp>
#include <redstart/resp/codec.hpp>
#include <redstart/resp/decode_text.hpp>

namespace redstart::inline v0::resp {

/// Decodes the text of a reply with codec<T>. An exception thrown by the codec becomes a decoding failure,
/// except std::bad_alloc, which propagates.
template <codec_decodable T>
struct decoder<T> {
  static void decode(Cursor& cursor, T& out) {
    std::string_view text;
    std::string joined;
    const std::size_t offset = cursor.offset();
    if (!detail::take_text(cursor, text, &joined)) return;
    try {
      out = codec<T>::decode(text);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      refuse(cursor, text, offset, error.what());
    } catch (...) {
      refuse(cursor, text, offset, "an exception that is no std::exception");
    }
  }

 private:
  [[gnu::noinline]] static void refuse(Cursor& cursor, std::string_view text, std::size_t offset,
                                       const char* what) {
    Token token;
    token.type = Type::bulk;
    token.text = text;
    cursor.fail(std::string("bytes that the codec takes (it threw: ") + peer_text(what) + ")", token, offset);
  }
};

}  // namespace redstart::inline v0::resp
