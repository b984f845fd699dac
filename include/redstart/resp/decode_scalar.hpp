// SPDX-License-Identifier: Apache-2.0
// decode_scalar.hpp: decodes replies into Ok, bool and numbers.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include <redstart/core/ok.hpp>
#include <redstart/core/queued.hpp>
#include <redstart/resp/decoder.hpp>
#include <redstart/resp/number.hpp>

namespace redstart::inline v0::resp {

namespace detail {

template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept plain_integer = std::integral<T> && !character<T> && !std::same_as<T, bool>;

inline bool has_number_text(Type type) noexcept {
  return type == Type::integer || type == Type::bulk || type == Type::simple || type == Type::bignum ||
         type == Type::real;
}

template <plain_integer T>
[[gnu::noinline]] std::string integer_expectation() {
  return "an integer from " + std::to_string((std::numeric_limits<T>::min)()) + " to " +
         std::to_string((std::numeric_limits<T>::max)());
}

}  // namespace detail

/// Decodes `+OK` and nothing else.
template <>
struct decoder<Ok> {
  static void decode(Cursor& cursor, Ok& /*out*/) {
    if (cursor.take_simple("OK")) [[likely]]
      return;
    cursor.peek();
    const std::size_t offset = cursor.offset();
    const Token token = cursor.take_raw();
    if (token.type != Type::simple || token.text != "OK") cursor.fail("OK", token, offset);
  }
};

/// Decodes `+QUEUED` and nothing else.
template <>
struct decoder<Queued> {
  static void decode(Cursor& cursor, Queued& /*out*/) {
    if (cursor.take_simple("QUEUED")) [[likely]]
      return;
    cursor.peek();
    const std::size_t offset = cursor.offset();
    const Token token = cursor.take_raw();
    if (token.type != Type::simple || token.text != "QUEUED") cursor.fail("QUEUED", token, offset);
  }
};

/// Decodes `#t` and `#f`, and 1 and 0 as integer, double or string. `+OK` is true and null is false, as SET …
/// NX replies.
template <>
struct decoder<bool> {
  static void decode(Cursor& cursor, bool& out) {
    cursor.peek();
    const std::size_t offset = cursor.offset();
    const Token token = cursor.take_raw();
    out = token.text == "t" || token.text == "1" || token.text == "OK";
    switch (token.type) {
      case Type::null:
      case Type::boolean: return;
      case Type::integer:
      case Type::real:
      case Type::bulk:
        if (token.text == "1" || token.text == "0") return;
        break;
      case Type::simple:
        if (token.text == "OK") return;
        break;
      default: break;
    }
    cursor.fail("a boolean", token, offset);
  }
};

/// Decodes integers, and strings and doubles whose text is an integer (scores are strings in RESP2). `#t` is
/// 1 and `#f` is 0. A value outside T's range is a failure.
template <detail::plain_integer T>
struct decoder<T> {
  static void decode(Cursor& cursor, T& out) {
    const auto mark = cursor.save();
    std::int64_t number = 0;
    if (cursor.take_integer(number)) {
      if (std::in_range<T>(number)) [[likely]] {
        out = static_cast<T>(number);
        return;
      }
      cursor.restore(mark);
    }
    convert(cursor, out);
  }

 private:
  [[gnu::noinline]] static void convert(Cursor& cursor, T& out) {
    cursor.peek();
    const std::size_t offset = cursor.offset();
    const Token token = cursor.take_raw();
    if (token.type == Type::boolean) {
      out = static_cast<T>(token.text == "t");
      return;
    }
    if (detail::has_number_text(token.type)) {
      if (detail::parse_integer(token.text, out)) return;
      std::int64_t wide = 0;
      if (token.type == Type::integer || token.type == Type::bignum ||
          detail::parse_integer(token.text, wide)) {
        cursor.fail(detail::integer_expectation<T>(), token, offset);
        return;
      }
    }
    cursor.fail("an integer", token, offset);
  }
};

/// Decodes doubles, integers, and strings that hold a number, `inf`, `-inf` or `nan`.
template <std::floating_point T>
struct decoder<T> {
  static void decode(Cursor& cursor, T& out) {
    cursor.peek();
    const std::size_t offset = cursor.offset();
    const Token token = cursor.take_raw();
    if (token.type == Type::real) {
      if (!detail::convert_real(token.text, out)) cursor.fail("a number within range", token, offset);
    } else if (!detail::has_number_text(token.type) || !detail::parse_real(token.text, out)) {
      cursor.fail("a number", token, offset);
    }
  }
};

}  // namespace redstart::inline v0::resp
