// SPDX-License-Identifier: Apache-2.0
// decode_issue.hpp: why a reply does not fit the type it was to be read into.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <redstart/resp/type.hpp>

namespace redstart::inline v0::resp {

/// Printable form of bytes: quotes, backslashes, control and non-ASCII bytes are escaped as redis-cli does;
/// what is beyond `most` bytes becomes an ellipsis. Not quoted.
std::string escaped(std::string_view bytes, std::size_t most = static_cast<std::size_t>(-1));

/// Why a reply could not be decoded: what was expected, and what was there.
struct DecodeIssue {
  std::string expected;    ///< "an integer"; empty: no issue
  Type got = Type::null;   ///< the type of what was there
  std::string text;        ///< its text: for errors the server's message, as `peer_text`; else up to 65 bytes
  std::size_t offset = 0;  ///< where it began in the frame (with streaming: in the piece at hand)
  std::string path;        ///< the way to it: "[3][0]"; empty at the top

  bool at_end = false;  ///< an aggregate ended before it held what was expected

  explicit operator bool() const noexcept { return !expected.empty(); }
  /// Whether the server answered with an error where a value was expected; `text` is its message.
  bool is_server_error() const noexcept { return is_error(got) && !expected.empty(); }

  /// "expected an integer, got the bulk string "abc" at [3][0] (byte 57)".
  std::string describe() const {
    std::string result = "expected " + expected + ", got ";
    if (at_end) {
      result += "the end of the ";
      result += to_string(got);
    } else if (is_error(got)) {
      result += "the server error \"";
      for (const char c : text) {
        if (c == '"') result += '\\';
        result += c;
      }
      result += '"';
    } else if (got == Type::null) {
      result += "null";
    } else {
      result += (text.empty() && (is_aggregate(got))) ? "a" : "the";
      if (text.empty() && got == Type::array) result += "n";
      result += ' ';
      result += to_string(got);
      if (!is_aggregate(got))
        result += " \"" + escaped(text, 64) + "\"";
      else if (!text.empty())
        result += " of " + text;
    }
    if (!path.empty()) result += " at " + path;
    return result + " (byte " + std::to_string(offset) + ")";
  }
};

inline std::string escaped(std::string_view bytes, std::size_t most) {
  constexpr char hex[] = "0123456789abcdef";
  std::string result;
  for (std::size_t i = 0; i != bytes.size(); ++i) {
    if (i == most) {
      result += "…";
      break;
    }
    const char c = bytes[i];
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': result += "\\\""; break;
      case '\\': result += "\\\\"; break;
      case '\n': result += "\\n"; break;
      case '\r': result += "\\r"; break;
      case '\t': result += "\\t"; break;
      default:
        if (byte >= 0x20 && byte < 0x7f) {
          result += c;
        } else {
          result += "\\x";
          result += hex[byte >> 4];
          result += hex[byte & 15];
        }
    }
  }
  return result;
}

}  // namespace redstart::inline v0::resp
