// SPDX-License-Identifier: Apache-2.0
// decode_container.hpp: decodes replies into sequences, sets and maps.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <redstart/resp/codec.hpp>
#include <redstart/resp/decode_scalar.hpp>
#include <redstart/resp/decoder.hpp>

namespace redstart::inline v0::resp {

namespace detail {

template <class T>
concept container = requires(T& c) {
  typename T::value_type;
  c.clear();
  c.begin();
  c.end();
  c.size();
}
&&!codec_decodable<T> && !std::same_as<T, std::string>;

/// Any map type. Recognised by its members, so that no container header has to be included.
template <class T>
concept map_like = container<T> && requires(T& c) {
  typename T::key_type;
  typename T::mapped_type;
  c.emplace(std::declval<typename T::key_type>(), std::declval<typename T::mapped_type>());
};
template <class T>
concept set_like = container<T> && !map_like<T> && requires(T & c) {
  typename T::key_type;
  c.insert(std::declval<typename T::value_type>());
};
template <class T>
concept sequence_like = container<T> && !map_like<T> && !set_like<T> && requires(T & c) {
  c.emplace_back();
};

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

/// Reserves room for `wanted` elements, but for at most eight times what `received` bytes justify.
template <class C>
void reserve_justified(C& out, std::uint64_t wanted, std::size_t received) {
  if constexpr (requires {
                  out.reserve(std::size_t{});
                  out.capacity();
                }) {
    const std::uint64_t justified = std::uint64_t{received} * 8 / sizeof(typename C::value_type);
    const std::uint64_t room = wanted < justified ? wanted : justified;
    if (room > out.capacity()) out.reserve(static_cast<std::size_t>(room));
  }
}

/// Reads a pair that the reply holds as an aggregate of two.
template <class K, class V>
bool decode_nested_pair(Cursor& cursor, K& key, V& value) {
  constexpr const char* expected = "an array of 2";
  const auto mark = cursor.save();
  Aggregate pair;
  if (!cursor.open(pair, expected)) return false;
  std::size_t read = 0;
  if (cursor.more(pair)) {
    decoder<K>::decode(cursor, key);
    ++read;
  }
  if (!cursor.failed() && cursor.more(pair)) {
    decoder<V>::decode(cursor, value);
    ++read;
  }
  if (cursor.failed()) {
    cursor.within(read - 1);
    return false;
  }
  if (read == 2 && !cursor.more(pair)) return true;
  cursor.restore(mark);
  return cursor.fail(expected);
}

/// Whether the pairs of an aggregate are nested arrays (WITHSCORES in RESP3) rather than flat (RESP2).
inline bool pairs_nested(Cursor& cursor, Type type) {
  return type != Type::map && is_aggregate(static_cast<Type>(cursor.peek())) && !cursor.null_next();
}

/// Reads the next pair of an aggregate. Fails if a flat aggregate ends after the key.
template <class K, class V>
bool decode_pair(Cursor& cursor, Aggregate& aggregate, bool nested, K& key, V& value) {
  if (nested) return decode_nested_pair(cursor, key, value);
  decoder<K>::decode(cursor, key);
  if (cursor.failed()) return false;
  if (!cursor.more(aggregate)) return cursor.fail_at_end("a value for each key", aggregate.type);
  decoder<V>::decode(cursor, value);
  return !cursor.failed();
}

/// Sequences whose existing elements can be overwritten one by one.
template <class C>
concept reusable = requires(C& c) {
  { c[std::size_t{}] } -> std::same_as<typename C::value_type&>;
  c.resize(std::size_t{});
};

/// Appends the next value of a reply to a sequence.
template <class C>
bool append_element(C& out, Cursor& cursor) {
  using Element = typename C::value_type;
  if constexpr (std::same_as<Element, std::string> || std::same_as<Element, std::string_view>) {
    // constructed in place, which costs half as much as assigning to an empty string
    std::string_view text;
    if (cursor.take_bulk(text)) {
      out.emplace_back(text);
      return true;
    }
  }
  if constexpr (std::same_as<Element, bool>) {
    bool element = false;
    decoder<bool>::decode(cursor, element);
    out.emplace_back(element);
  } else {
    decoder<Element>::decode(cursor, out.emplace_back());
  }
  return !cursor.failed();
}

}  // namespace detail

/// Decodes arrays, sets and pushes, and maps as alternating keys and values. If the elements are pairs, they
/// may be flat or arrays of two.
template <detail::sequence_like T>
requires(decodable<typename T::value_type> || detail::is_pair<typename T::value_type>) struct decoder<T> {
  using Element = typename T::value_type;

  static void decode(Cursor& cursor, T& out) {
    Aggregate aggregate;
    if (!cursor.open(aggregate, "an array")) return;
    if constexpr (detail::is_pair<Element>) {
      out.clear();
      decode_pairs(cursor, aggregate, out);
    } else {
      detail::reserve_justified(out, aggregate.left, cursor.rest().size());
      // overwrite existing elements, so that they reuse their memory
      std::size_t read = 0;
      if constexpr (detail::reusable<T>) {
        while (read != out.size() && cursor.more(aggregate)) {
          decoder<Element>::decode(cursor, out[read]);
          if (cursor.failed()) return cursor.within(read);
          ++read;
        }
        out.resize(read);
      } else {
        out.clear();
      }
      for (; cursor.more(aggregate); ++read) {
        if (!detail::append_element(out, cursor)) return cursor.within(read);
      }
    }
  }

 private:
  static void decode_pairs(Cursor& cursor, Aggregate& aggregate, T& out) {
    if (!cursor.more(aggregate)) return;
    const bool nested = detail::pairs_nested(cursor, aggregate.type);
    detail::reserve_justified(out, nested ? aggregate.left + 1 : (aggregate.left + 1) / 2,
                              cursor.rest().size());
    do {
      auto& [key, value] = out.emplace_back();
      if (!detail::decode_pair(cursor, aggregate, nested, key, value)) return cursor.within(out.size() - 1);
    } while (cursor.more(aggregate));
  }
};

/// Decodes sets and arrays. A set drops duplicates; a multiset keeps them.
template <detail::set_like T>
requires decodable<typename T::value_type>
struct decoder<T> {
  static void decode(Cursor& cursor, T& out) {
    Aggregate aggregate;
    out.clear();
    if (!cursor.open(aggregate, "a set")) return;
    for (std::size_t index = 0; cursor.more(aggregate); ++index) {
      typename T::value_type element{};
      decoder<typename T::value_type>::decode(cursor, element);
      if (cursor.failed()) return cursor.within(index);
      out.insert(std::move(element));
    }
  }
};

/// Decodes maps, flat arrays of keys and values (RESP2), and arrays of pairs. If a key occurs twice, its
/// first value is kept, as with emplace.
template <detail::map_like T>
requires(decodable<typename T::key_type>&& decodable<typename T::mapped_type>) struct decoder<T> {
  static void decode(Cursor& cursor, T& out) {
    Aggregate aggregate;
    out.clear();
    if (!cursor.open(aggregate, "a map")) return;
    if (!cursor.more(aggregate)) return;
    const bool nested = detail::pairs_nested(cursor, aggregate.type);
    std::size_t index = 0;
    do {
      typename T::key_type key{};
      typename T::mapped_type value{};
      if (!detail::decode_pair(cursor, aggregate, nested, key, value)) return cursor.within(index);
      out.emplace(std::move(key), std::move(value));
      ++index;
    } while (cursor.more(aggregate));
  }
};

}  // namespace redstart::inline v0::resp
