// SPDX-License-Identifier: Apache-2.0
// decode_tuple.hpp: decodes a fixed number of values into pairs, tuples, arrays.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/decoder.hpp>

namespace redstart::inline v0::resp {

namespace detail {

[[gnu::noinline]] inline std::string array_expectation(std::size_t size) {
  return "an array of " + std::to_string(size);
}

/// Reads an aggregate of exactly `size` values by calling `read(index)` for each.
template <class Read>
void decode_fixed(Cursor& cursor, std::size_t size, Read read) {
  const auto mark = cursor.save();
  Aggregate aggregate;
  if (!cursor.open(aggregate, "an array")) return;
  for (std::size_t index = 0; index != size; ++index) {
    if (!cursor.more(aggregate)) {
      cursor.restore(mark);
      cursor.fail(array_expectation(size));
      return;
    }
    read(index);
    if (cursor.failed()) return cursor.within(index);
  }
  if (cursor.more(aggregate)) {
    cursor.restore(mark);
    cursor.fail(array_expectation(size));
  }
}

}  // namespace detail

/// Decodes an aggregate of two. As element of a sequence it may also be flat: see decode_container.hpp.
template <class A, class B>
requires(decodable<A>&& decodable<B>) struct decoder<std::pair<A, B>> {
  static void decode(Cursor& cursor, std::pair<A, B>& out) {
    detail::decode_nested_pair(cursor, out.first, out.second);
  }
};

/// Decodes an aggregate with exactly one value per element.
template <class... T>
requires(decodable<T>&&...) struct decoder<std::tuple<T...>> {
  static void decode(Cursor& cursor, std::tuple<T...>& out) {
    detail::decode_fixed(cursor, sizeof...(T), [&](std::size_t index) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        static_cast<void>(((I == index && (decoder<T>::decode(cursor, std::get<I>(out)), true)) || ...));
      }
      (std::index_sequence_for<T...>{});
    });
  }
};

/// Decodes an aggregate of exactly N values.
template <decodable T, std::size_t N>
struct decoder<std::array<T, N>> {
  static void decode(Cursor& cursor, std::array<T, N>& out) {
    detail::decode_fixed(cursor, N, [&](std::size_t index) { decoder<T>::decode(cursor, out[index]); });
  }
};

}  // namespace redstart::inline v0::resp
