// SPDX-License-Identifier: Apache-2.0
// limits.hpp: how much a reply may claim before the connection is given up.
#pragma once

#include <cstddef>

namespace redstart::inline v0::resp {

/// The bounds that a reply is held to. A reply beyond one of them is a protocol fault and closes its
/// connection.
///
/// Nothing is ever allocated because a reply declares a size; the limits bound what a server can make a
/// client hold after really sending it.
struct Limits {
  /// Levels of nested aggregates (arrays, sets, maps, attributes).
  std::size_t depth = 1024;
  /// Bytes in one line: simple strings, errors, doubles, big numbers.
  std::size_t line = std::size_t{1} << 20;
  /// Bytes in one bulk string, bulk error or verbatim string, streamed ones included. Redis's own default.
  std::size_t bulk = std::size_t{512} << 20;
  /// Declared elements (for maps and attributes: pairs) of one aggregate.
  std::size_t elements = std::size_t{1} << 27;
  /// Bytes in one push message, and in all attributes before one reply. Nobody asked for either.
  std::size_t push = std::size_t{512} << 10;
  /// Bytes in one reply as a whole, attributes included. `bulk` or `line` raises it where that is larger.
  std::size_t reply = std::size_t{1} << 30;
};

}  // namespace redstart::inline v0::resp
