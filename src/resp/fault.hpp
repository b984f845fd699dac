// SPDX-License-Identifier: Apache-2.0
// fault.hpp: the ways in which received bytes can fail to be RESP.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::resp {

/// What was wrong with the bytes a server sent. Every fault but `none` closes its connection.
enum class Fault : std::uint8_t {
  none,
  type_byte,       ///< a byte that begins no value, or not here
  length,          ///< the length of a string or an aggregate
  integer,         ///< not an integer, or beyond 64 bits
  real,            ///< not a double
  boolean,         ///< neither `#t` nor `#f`
  null,            ///< `_` followed by something
  bignum,          ///< a big number with a non-digit
  crlf,            ///< a string without its terminator
  verbatim,        ///< a verbatim string without its format
  chunk,           ///< a streamed string with something else than a chunk inside
  map_odd,         ///< a streamed map that ends after a key
  push_empty,      ///< a push without its kind
  push_nested,     ///< a push inside another value
  depth,           ///< nested deeper than Limits::depth
  limit_bulk,      ///< a string longer than Limits::bulk
  limit_elements,  ///< an aggregate larger than Limits::elements
  limit_line,      ///< a line longer than Limits::line
  limit_push,      ///< a push, or the attributes before a reply, longer than Limits::push
  limit_reply,     ///< a reply longer than Limits::reply
};

/// The fault's short name, as logs and test vectors spell it.
constexpr std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::none: return "none";
    case Fault::type_byte: return "type_byte";
    case Fault::length: return "length";
    case Fault::integer: return "integer";
    case Fault::real: return "double";
    case Fault::boolean: return "bool";
    case Fault::null: return "null";
    case Fault::bignum: return "bignum";
    case Fault::crlf: return "crlf";
    case Fault::verbatim: return "verbatim";
    case Fault::chunk: return "chunk";
    case Fault::map_odd: return "map_odd";
    case Fault::push_empty: return "push_empty";
    case Fault::push_nested: return "push_nested";
    case Fault::depth: return "depth";
    case Fault::limit_bulk: return "limit_bulk";
    case Fault::limit_elements: return "limit_elements";
    case Fault::limit_line: return "limit_line";
    case Fault::limit_push: return "limit_push";
    case Fault::limit_reply: return "limit_reply";
  }
  return "unknown";
}

}  // namespace redstart::resp
