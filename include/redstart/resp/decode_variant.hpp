// SPDX-License-Identifier: Apache-2.0
// decode_variant.hpp: decodes replies of one of several types into variants.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
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

namespace redstart::inline v0::resp {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Ranks how well T fits a reply of this type: `own` before `close` before `converted`.
///
/// RESP2 sends doubles as strings, booleans as integers, and sets and maps as arrays. The rank must therefore
/// be the same for both types of each pair.
enum class Suits : std::uint8_t { own, close, converted };

template <class T>
Suits suits(Type type) noexcept {
  [[maybe_unused]] const auto own_if = [](bool own) { return own ? Suits::own : Suits::converted; };
  [[maybe_unused]] const bool integer = type == Type::integer || type == Type::boolean;
  [[maybe_unused]] const bool text =
      type == Type::bulk || type == Type::verbatim || type == Type::bignum || type == Type::real;
  if constexpr (is_optional<T>) {
    return type == Type::null ? Suits::own : suits<typename T::value_type>(type);
  } else if constexpr (std::same_as<T, std::monostate>) {
    return own_if(type == Type::null);
  } else if constexpr (std::same_as<T, bool>) {
    return integer ? Suits::close : Suits::converted;
  } else if constexpr (plain_integer<T>) {
    return own_if(integer);
  } else if constexpr (std::floating_point<T>) {
    return own_if(text);  // decoding fails later if the text is not a number
  } else if constexpr (std::same_as<T, Ok>) {
    return own_if(type == Type::simple);
  } else if constexpr (codec_decodable<T> || std::same_as<T, std::string> ||
                       std::same_as<T, std::string_view>) {
    return text ? Suits::close : own_if(type == Type::simple);
  } else if constexpr (map_like<T> || set_like<T>) {
    return Suits::converted;
  } else if constexpr (sequence_like<T>) {
    return own_if(is_aggregate(type));
  } else {
    return text ? Suits::close : Suits::own;
  }
}

}  // namespace detail

/// Decodes null.
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

/// Decodes into the alternative that fits the reply best, or the first of equally good ones. The choice is
/// the same with RESP2 and RESP3:
///
/// * a string or double: a floating-point alternative if the text is a number, otherwise a string or user
/// type;
/// * an integer or boolean: an integer alternative, otherwise `bool`;
/// * an array, set, map or push: a sequence;
/// * anything else: the first alternative that the reply can be converted to.
///
/// `variant<int64_t, string>` holds the integer of `:5` and the string of `$1 5`, `variant<double, string>`
/// the double of a score in both protocols.
template <class... T>
requires(decodable<T>&&...) struct decoder<std::variant<T...>> {
  static void decode(Cursor& cursor, std::variant<T...>& out) {
    const Type type = cursor.next_type();
    const auto mark = cursor.save();
    const auto try_next = [&]<class Alternative>(std::in_place_type_t<Alternative>, detail::Suits as) {
      if (detail::suits<Alternative>(type) != as) return false;
      Alternative value{};
      decoder<Alternative>::decode(cursor, value);
      if (cursor.failed()) {
        cursor.restore(mark);
        return false;
      }
      out = std::move(value);
      return true;
    };
    for (const detail::Suits as : {detail::Suits::own, detail::Suits::close, detail::Suits::converted})
      if ((try_next(std::in_place_type<T>, as) || ...)) return;
    cursor.fail("one of " + std::to_string(sizeof...(T)) + " alternatives");
  }
};

}  // namespace redstart::inline v0::resp
