// SPDX-License-Identifier: Apache-2.0
// fault.hpp: reasons why received bytes are not valid RESP.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0::resp {

/// Why received bytes are invalid. Every fault except `none` closes the connection.
enum class Fault : std::uint8_t {
  none,
  type_byte,       ///< a byte that begins no value, or none that is allowed here
  length,          ///< invalid length of a string or an aggregate
  integer,         ///< not an integer, or beyond 64 bits
  real,            ///< not a double
  boolean,         ///< neither `#t` nor `#f`
  null,            ///< `_` followed by something
  bignum,          ///< a big number with a non-digit
  crlf,            ///< a string without its terminator
  verbatim,        ///< a verbatim string without its format
  chunk,           ///< a streamed string that contains anything but chunks
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

/// Returns the short name of a fault, as used in logs and test vectors.
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

}  // namespace redstart::inline v0::resp
