// SPDX-License-Identifier: Apache-2.0
// hashes.hpp: the commands on hashes.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/scan.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart {

namespace info {

inline constexpr CommandInfo hashes[] = {
    {"HDEL", Access::write, Retry::last_write_wins, 1, "2.0.0"},
    {"HEXISTS", Access::read, Retry::read, 1, "2.0.0"},
    {"HGET", Access::read, Retry::read, 1, "2.0.0"},
    {"HGETALL", Access::read, Retry::read, 1, "2.0.0"},
    {"HINCRBY", Access::write, Retry::accumulating, 1, "2.0.0"},
    {"HINCRBYFLOAT", Access::write, Retry::accumulating, 1, "2.6.0"},
    {"HKEYS", Access::read, Retry::read, 1, "2.0.0"},
    {"HLEN", Access::read, Retry::read, 1, "2.0.0"},
    {"HMGET", Access::read, Retry::read, 1, "2.0.0"},
    {"HRANDFIELD", Access::read, Retry::read, 1, "6.2.0"},
    {"HSCAN", Access::read, Retry::read, 1, "2.8.0"},
    {"HSET", Access::write, Retry::last_write_wins, 1, "2.0.0"},
    {"HSETNX", Access::write, Retry::accumulating, 1, "2.0.0"},
    {"HSTRLEN", Access::read, Retry::read, 1, "3.2.0"},
    {"HVALS", Access::read, Retry::read, 1, "2.0.0"},
};

}  // namespace info

/// https://redis.io/commands/?group=hash
///
/// `Out` may be any container that fits: pairs go into a vector of pairs as well as into maps.
template <class Self>
class HashCommands {
  using TextPairs = std::vector<std::pair<std::string, std::string>>;

 public:
  /// HDEL. How many of the fields existed. More than one field since Redis 2.4.
  template <StringLike... Fields>
  auto hdel(std::string_view key, std::string_view field, const Fields&... fields) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HDEL"), key, field, fields...);
  }
  /// HDEL over a container of fields. Preconditions: not empty.
  template <ManyArguments Range = detail::Texts>
  auto hdel(std::string_view key, const Range& fields) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HDEL"), key, detail::Spread{fields});
  }

  /// HEXISTS. Whether the hash has that field.
  auto hexists(std::string_view key, std::string_view field) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hashes, "HEXISTS"), key, field);
  }

  /// HGET. The value of the field; empty when there is no such key or field.
  template <class T = std::string>
  auto hget(std::string_view key, std::string_view field) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::hashes, "HGET"), key, field);
  }
  /// HGETALL. All fields with their values; none when `key` does not exist.
  template <class Out = TextPairs>
  auto hgetall(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HGETALL"), key);
  }

  /// HINCRBY. The value after adding `amount`; a missing field counts as 0.
  auto hincrby(std::string_view key, std::string_view field, std::int64_t amount) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HINCRBY"), key, field, amount);
  }
  /// HINCRBYFLOAT. The value after adding `amount`; a missing field counts as 0.
  auto hincrbyfloat(std::string_view key, std::string_view field, double amount) const
      -> reply_t<Self, double> {
    return detail::submit<double>(*this, info::find(info::hashes, "HINCRBYFLOAT"), key, field, amount);
  }

  /// HKEYS. All fields.
  template <class Out = std::vector<std::string>>
  auto hkeys(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HKEYS"), key);
  }
  /// HLEN. How many fields the hash has; 0 when `key` does not exist.
  auto hlen(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HLEN"), key);
  }

  /// HMGET. One element per field, empty where there is no such field.
  template <class T = std::string, StringLike... Fields>
  auto hmget(std::string_view key, std::string_view field, const Fields&... fields) const
      -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::hashes, "HMGET"), key, field,
                                                         fields...);
  }
  /// HMGET over a container of fields. Preconditions: not empty.
  template <class T = std::string, ManyArguments Range = detail::Texts>
  auto hmget(std::string_view key, const Range& fields) const
      -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::hashes, "HMGET"), key,
                                                         detail::Spread{fields});
  }

  /// HRANDFIELD. One field at random; empty when `key` does not exist. Since Redis 6.2.
  auto hrandfield(std::string_view key) const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::hashes, "HRANDFIELD"), key);
  }
  /// HRANDFIELD. Up to `count` different fields at random; a negative count gives exactly as many, maybe
  /// repeated. Since Redis 6.2.
  template <class Out = std::vector<std::string>>
  auto hrandfield(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HRANDFIELD"), key, count);
  }
  /// HRANDFIELD … WITHVALUES. The same with their values. Since Redis 6.2.
  template <class Out = TextPairs>
  auto hrandfield_with_values(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HRANDFIELD"), key, count,
                               std::string_view("WITHVALUES"));
  }

  /// HSCAN. One step through the fields and values; begin with cursor 0, end when the reply's cursor is 0.
  template <class Out = TextPairs>
  auto hscan(std::string_view key, std::uint64_t cursor, const ScanOptions& options = {}) const
      -> reply_t<Self, ScanPage<Out>> {
    return detail::submit<ScanPage<Out>>(*this, info::find(info::hashes, "HSCAN"), key, cursor, options);
  }

  /// HSET. How many fields are new: field, value, field, value … More than one field since Redis 4.0.
  template <Scalar V, Scalar... More>
  requires(sizeof...(More) % 2 == 0) auto hset(std::string_view key, std::string_view field, const V& value,
                                               const More&... more) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key, field, value, more...);
  }
  /// HSET over a container of pairs. Preconditions: not empty.
  template <ManyArguments Range = detail::TextPairs>
  auto hset(std::string_view key, const Range& pairs) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key, detail::Spread{pairs});
  }
  /// HSETNX. True when the field was set, false when it exists.
  template <Scalar V>
  auto hsetnx(std::string_view key, std::string_view field, const V& value) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hashes, "HSETNX"), key, field, value);
  }

  /// HSTRLEN. The length of the field's value in bytes; 0 when there is no such field. Since Redis 3.2.
  auto hstrlen(std::string_view key, std::string_view field) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSTRLEN"), key, field);
  }
  /// HVALS. All values.
  template <class Out = std::vector<std::string>>
  auto hvals(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HVALS"), key);
  }
};

}  // namespace redstart
