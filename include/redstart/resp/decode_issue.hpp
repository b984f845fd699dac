// SPDX-License-Identifier: Apache-2.0
// decode_issue.hpp: why a reply could not be decoded into a type.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <redstart/resp/type.hpp>

namespace redstart::inline v0::resp {

/// Returns bytes in printable form, without surrounding quotes. Quotes, backslashes, control and non-ASCII
/// bytes are escaped as redis-cli does. An ellipsis replaces everything beyond `most` bytes.
std::string escaped(std::string_view bytes, std::size_t most = static_cast<std::size_t>(-1));

/// Why a reply could not be decoded: the expected value and the actual one.
struct DecodeIssue {
  std::string expected;    ///< such as "an integer"; empty if there is no issue
  Type got = Type::null;   ///< type of the actual value
  std::string text;        ///< its text: the `peer_text` of a server error, otherwise up to 65 bytes
  std::size_t offset = 0;  ///< where it begins in the frame (while streaming: in the current piece)
  std::string path;        ///< path to it, such as "[3][0]"; empty at the top level

  bool at_end = false;  ///< an aggregate ended before the expected value

  explicit operator bool() const noexcept { return !expected.empty(); }
  /// Whether the server returned an error instead of a value. `text` is its message.
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
