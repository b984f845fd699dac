// SPDX-License-Identifier: Apache-2.0
// limits.hpp: limits on the size of replies.
#pragma once

#include <cstddef>

namespace redstart::inline v0::resp {

/// Limits on one reply. A reply that exceeds one is a protocol fault and closes its connection.
///
/// A declared size never causes an allocation. The limits bound how much a server can make a client hold by
/// actually sending it.
struct Limits {
  /// Levels of nested aggregates (arrays, sets, maps, attributes).
  std::size_t depth = 1024;
  /// Bytes in one line: simple strings, errors, doubles, big numbers.
  std::size_t line = std::size_t{1} << 20;
  /// Bytes in one bulk string, bulk error or verbatim string, streamed ones included. The default is that of
  /// Redis.
  std::size_t bulk = std::size_t{512} << 20;
  /// Declared elements (for maps and attributes: pairs) of one aggregate.
  std::size_t elements = std::size_t{1} << 27;
  /// Bytes in one push message, and in all attributes before one reply. The client requested neither.
  std::size_t push = std::size_t{512} << 10;
  /// Bytes in one whole reply, attributes included. A larger `bulk` or `line` raises this limit.
  std::size_t reply = std::size_t{1} << 30;
};

}  // namespace redstart::inline v0::resp
