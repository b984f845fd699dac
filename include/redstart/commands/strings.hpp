// SPDX-License-Identifier: Apache-2.0
// strings.hpp: commands on string values.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/strings_options.hpp>
#include <redstart/core/ok.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo strings[] = {
    {.name = "APPEND", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "DECR", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "DECRBY", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "GET", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "GETDEL", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "GETEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "GETRANGE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.4.0"},
    {.name = "GETSET", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "INCR", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "INCRBY", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "INCRBYFLOAT", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.6.0"},
    {.name = "LCS", .access = Access::read, .retry = Retry::read, .keys = keys::first_two, .since = "7.0.0"},
    {.name = "MGET", .access = Access::read, .retry = Retry::read,
     .keys = keys::all, .spread = {Target::each_slot, Join::by_key}, .since = "1.0.0"},
    {.name = "MSET", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::pairs, .spread = {Target::each_slot, Join::all_succeed}, .since = "1.0.1"},
    {.name = "MSETNX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::pairs, .since = "1.0.1"},
    {.name = "PSETEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.6.0"},
    {.name = "SET", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SETEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "SETNX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SETRANGE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.2.0"},
    {.name = "STRLEN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=string
///
/// `T` is the type of the value: text, numbers or a type with a `codec`.
template <class Self>
class StringCommands {
 public:
  /// APPEND. The length after appending; a missing key counts as empty.
  template <Scalar V>
  auto append(std::string_view key, const V& value) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "APPEND"), key, value);
  }

  /// DECR. The value after subtracting one; a missing key counts as 0.
  auto decr(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "DECR"), key);
  }
  /// DECRBY. The value after subtracting `amount`; a missing key counts as 0.
  auto decrby(std::string_view key, std::int64_t amount) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "DECRBY"), key, amount);
  }

  /// GET. The value; empty if `key` does not exist.
  template <class T = std::string>
  auto get(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::strings, "GET"), key);
  }
  /// GETDEL. Deletes the key and returns its value; empty if `key` did not exist. Since Redis 6.2.
  template <class T = std::string>
  auto getdel(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::strings, "GETDEL"), key);
  }
  /// GETEX. Sets the expiry and returns the value; empty if `key` does not exist. `Expiry::persist()` removes
  /// the expiry. Since Redis 6.2.
  template <class T = std::string>
  auto getex(std::string_view key, const Expiry& expire) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::strings, "GETEX"), key, expire);
  }
  /// GETRANGE. The bytes `first` to `last`, both included. Negative positions count from the end.
  auto getrange(std::string_view key, std::int64_t first, std::int64_t last) const
      -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::strings, "GETRANGE"), key, first, last);
  }
  /// GETSET. The old value; empty if there was none. Deprecated by the server since 6.2 in favour of
  /// `set_get`, which also takes options.
  template <class T = std::string, Scalar V>
  auto getset(std::string_view key, const V& value) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::strings, "GETSET"), key, value);
  }

  /// INCR. The value after adding one; a missing key counts as 0.
  auto incr(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "INCR"), key);
  }
  /// INCRBY. The value after adding `amount`; a missing key counts as 0.
  auto incrby(std::string_view key, std::int64_t amount) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "INCRBY"), key, amount);
  }
  /// INCRBYFLOAT. The value after adding `amount`; a missing key counts as 0.
  auto incrbyfloat(std::string_view key, double amount) const -> reply_t<Self, double> {
    return detail::submit<double>(*this, info::find(info::strings, "INCRBYFLOAT"), key, amount);
  }

  /// LCS. The longest common subsequence of two values. O(N*M). Since Redis 7.0.
  auto lcs(std::string_view first, std::string_view second) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::strings, "LCS"), first, second);
  }
  /// LCS … LEN. Its length. O(N*M). Since Redis 7.0.
  auto lcs_len(std::string_view first, std::string_view second) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "LCS"), first, second,
                                        std::string_view("LEN"));
  }
  /// LCS … IDX. Its parts of at least `min_length` bytes. O(N*M). Since Redis 7.0.
  auto lcs_matches(std::string_view first, std::string_view second, std::int64_t min_length = 0) const
      -> reply_t<Self, LcsMatches> {
    return detail::submit<LcsMatches>(*this, info::find(info::strings, "LCS"), first, second,
                                      std::string_view("IDX"), std::string_view("MINMATCHLEN"), min_length,
                                      std::string_view("WITHMATCHLEN"));
  }

  /// MGET. One element for each key, empty if the key does not exist or holds no string.
  template <class T = std::string, StringLike... Keys>
  auto mget(std::string_view key, const Keys&... keys) const -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::strings, "MGET"), key,
                                                         keys...);
  }
  /// MGET over a container of keys. Errors: `invalid_argument` for an empty one.
  template <class T = std::string, ManyArguments Range = detail::Texts>
  auto mget(const Range& keys) const -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::strings, "MGET"),
                                                         detail::EachElement{keys});
  }
  /// MGET over the elements between two iterators, or of a braced list.
  template <class T = std::string, detail::argument_iterator Iterator>
  auto mget(Iterator first, Iterator last) const -> reply_t<Self, std::vector<std::optional<T>>> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::strings, "MGET"),
                                                         detail::EachElement(range));
  }
  template <class T = std::string, SingleArgument E>
  auto mget(std::initializer_list<E> keys) const -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::strings, "MGET"),
                                                         detail::EachElement(keys));
  }

  /// MSET. OK; sets all keys at once. Takes key, value, key, value …
  template <Scalar V, Scalar... More>
  requires(sizeof...(More) % 2 == 0) auto mset(std::string_view key, const V& value,
                                               const More&... more) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::strings, "MSET"), key, value, more...);
  }
  /// MSET over a container of pairs. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::TextPairs>
  auto mset(const Range& pairs) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::strings, "MSET"), detail::EachElement{pairs});
  }
  /// MSET over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto mset(Iterator first, Iterator last) const -> reply_t<Self, Ok> {
    const detail::IteratorRange range(first, last);
    return detail::submit<Ok>(*this, info::find(info::strings, "MSET"), detail::EachElement(range));
  }
  template <detail::pair_like E>
  auto mset(std::initializer_list<E> pairs) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::strings, "MSET"), detail::EachElement(pairs));
  }
  /// MSETNX. True if all keys were set. False if any of them exists: then none is set.
  template <Scalar V, Scalar... More>
  requires(sizeof...(More) % 2 == 0) auto msetnx(std::string_view key, const V& value,
                                                 const More&... more) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "MSETNX"), key, value, more...);
  }
  /// MSETNX over a container of pairs. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::TextPairs>
  auto msetnx(const Range& pairs) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "MSETNX"), detail::EachElement{pairs});
  }
  /// MSETNX over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto msetnx(Iterator first, Iterator last) const -> reply_t<Self, bool> {
    const detail::IteratorRange range(first, last);
    return detail::submit<bool>(*this, info::find(info::strings, "MSETNX"), detail::EachElement(range));
  }
  template <detail::pair_like E>
  auto msetnx(std::initializer_list<E> pairs) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "MSETNX"), detail::EachElement(pairs));
  }

  /// PSETEX. OK; the value expires after that time. Like `set` with `.expire`.
  template <Scalar V>
  auto psetex(std::string_view key, std::chrono::milliseconds after, const V& value) const
      -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::strings, "PSETEX"), key, after.count(), value);
  }

  /// SET. True if the value was written, false if `only_if` prevented it.
  template <Scalar V>
  auto set(std::string_view key, const V& value, const SetOptions& options = {}) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "SET"), key, value, options);
  }
  /// SET … EX, PX, EXAT, PXAT or KEEPTTL. True; sets the expiry too.
  template <Scalar V, detail::expiry_like E>
  auto set(std::string_view key, const V& value, const E& expire) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "SET"), key, value, Expiry(expire));
  }
  /// SET … GET. The old value, whether or not it was replaced; empty if there was none. Since Redis 6.2, with
  /// `only_if` since 7.0.
  template <class T = std::string, Scalar V>
  auto set_get(std::string_view key, const V& value, const SetOptions& options = {}) const
      -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::strings, "SET"), key, value, options,
                                            std::string_view("GET"), detail::RetryAs{Retry::accumulating});
  }
  /// SET … GET. The old value; sets the expiry of the new one. Since Redis 6.2.
  template <class T = std::string, Scalar V, detail::expiry_like E>
  auto set_get(std::string_view key, const V& value, const E& expire) const
      -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::strings, "SET"), key, value,
                                            Expiry(expire), std::string_view("GET"),
                                            detail::RetryAs{Retry::accumulating});
  }
  /// SETEX. OK; the value expires after that time. Like `set` with `.expire`.
  template <Scalar V>
  auto setex(std::string_view key, std::chrono::seconds after, const V& value) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::strings, "SETEX"), key, after.count(), value);
  }
  /// SETNX. True if the value was written, false if `key` exists. Like `set` with `.only_if`.
  template <Scalar V>
  auto setnx(std::string_view key, const V& value) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "SETNX"), key, value);
  }
  /// SETRANGE. The new length. Overwrites from `offset` on and fills a gap with zero bytes.
  auto setrange(std::string_view key, std::int64_t offset, std::string_view value) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "SETRANGE"), key, offset, value);
  }

  /// STRLEN. The length of the value in bytes; 0 if `key` does not exist.
  auto strlen(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::strings, "STRLEN"), key);
  }
};

}  // namespace redstart::inline v0
