// SPDX-License-Identifier: Apache-2.0
// decode_variant.hpp: replies of one of several types into variants.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/decode_scalar.hpp>
#include <redstart/resp/decode_text.hpp>

namespace redstart::resp {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Whether a reply of this type is T's own kind, rather than one that can be converted.
template <class T>
bool natural(Type type) noexcept {
  if constexpr (is_optional<T>) {
    return type == Type::null || natural<typename T::value_type>(type);
  } else if constexpr (std::same_as<T, std::monostate>) {
    return type == Type::null;
  } else if constexpr (std::same_as<T, bool>) {
    return type == Type::boolean;
  } else if constexpr (plain_integer<T>) {
    return type == Type::integer;
  } else if constexpr (std::floating_point<T>) {
    return type == Type::real;
  } else if constexpr (std::same_as<T, Ok>) {
    return type == Type::simple;
  } else if constexpr (codec_decodable<T> || std::same_as<T, std::string> ||
                       std::same_as<T, std::string_view>) {
    return type == Type::bulk || type == Type::simple || type == Type::verbatim || type == Type::bignum;
  } else if constexpr (map_like<T>) {
    return type == Type::map;
  } else if constexpr (set_like<T>) {
    return type == Type::set;
  } else if constexpr (sequence_like<T>) {
    return type == Type::array || type == Type::set || type == Type::push;
  } else {
    return true;
  }
}

}  // namespace detail

/// Null.
template <>
struct decoder<std::monostate> {
  static void decode(Cursor& cursor, std::monostate& /*out*/) {
    if (!cursor.null_next()) {
      cursor.fail("null");
      return;
    }
    cursor.take_raw();
  }
};

/// The first alternative whose own kind the reply is, else the first that it can be converted to:
/// `variant<int64_t, string>` holds the integer of `:5` and the string of `$1 5`.
template <class... T>
requires(decodable<T>&&...) struct decoder<std::variant<T...>> {
  static void decode(Cursor& cursor, std::variant<T...>& out) {
    const Type type = cursor.next_type();
    const auto mark = cursor.save();
    const auto try_next = [&]<class Alternative>(std::in_place_type_t<Alternative>, bool is_natural) {
      if (detail::natural<Alternative>(type) != is_natural) return false;
      Alternative value{};
      decoder<Alternative>::decode(cursor, value);
      if (cursor.failed()) {
        cursor.restore(mark);
        return false;
      }
      out = std::move(value);
      return true;
    };
    if ((try_next(std::in_place_type<T>, true) || ...)) return;
    if ((try_next(std::in_place_type<T>, false) || ...)) return;
    cursor.fail("one of " + std::to_string(sizeof...(T)) + " alternatives");
  }
};

}  // namespace redstart::resp
