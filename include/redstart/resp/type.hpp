// SPDX-License-Identifier: Apache-2.0
// type.hpp: the types of RESP values, identified by their first byte.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0::resp {

/// The type of a value; each enumerator is its first byte on the wire.
enum class Type : char {
  simple = '+',
  error = '-',
  integer = ':',
  bulk = '$',
  array = '*',
  null = '_',
  boolean = '#',
  real = ',',
  bignum = '(',
  bulk_error = '!',
  verbatim = '=',
  map = '%',
  set = '~',
  push = '>',
  attribute = '|',
};

/// Returns the name of the type in prose: "bulk string", "double", …
constexpr std::string_view to_string(Type type) noexcept {
  switch (type) {
    case Type::simple: return "simple string";
    case Type::error: return "error";
    case Type::integer: return "integer";
    case Type::bulk: return "bulk string";
    case Type::array: return "array";
    case Type::null: return "null";
    case Type::boolean: return "boolean";
    case Type::real: return "double";
    case Type::bignum: return "big number";
    case Type::bulk_error: return "bulk error";
    case Type::verbatim: return "verbatim string";
    case Type::map: return "map";
    case Type::set: return "set";
    case Type::push: return "push";
    case Type::attribute: return "attribute";
  }
  return "unknown";
}

/// Whether values of this type hold other values.
constexpr bool is_aggregate(Type type) noexcept {
  return type == Type::array || type == Type::map || type == Type::set || type == Type::push ||
         type == Type::attribute;
}

/// Whether a reply of this type is an error.
constexpr bool is_error(Type type) noexcept { return type == Type::error || type == Type::bulk_error; }

}  // namespace redstart::inline v0::resp
