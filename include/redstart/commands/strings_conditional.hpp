// SPDX-License-Identifier: Apache-2.0
// strings_conditional.hpp: commands that write only if a string has a certain value.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/expiry.hpp>
#include <redstart/commands/strings.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo strings_conditional[] = {
    {.name = "DELEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "8.4.0", .since_valkey = absent},
    {.name = "DELIFEQ", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = absent, .since_valkey = "9.0.0"},
    {.name = "DIGEST", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "8.4.0", .since_valkey = absent},
};
// clang-format on

}  // namespace info

/// The condition on the present value of a string. Keeps a copy of the text.
class ValueCondition {
 public:
  /// IFEQ: the value is this one.
  [[nodiscard]] static ValueCondition equals(std::string_view value) { return {"IFEQ", value}; }
  /// IFNE: there is another value, or none.
  [[nodiscard]] static ValueCondition differs(std::string_view value) { return {"IFNE", value}; }
  /// IFDEQ: the value has this digest, as `digest` returns it.
  [[nodiscard]] static ValueCondition has_digest(std::string_view digest) { return {"IFDEQ", digest}; }
  /// IFDNE: the value has another digest, or there is none.
  [[nodiscard]] static ValueCondition has_other_digest(std::string_view digest) { return {"IFDNE", digest}; }

  template <class Put>
  void arguments(Put& put) const {
    put(word_, text_);
  }

 private:
  ValueCondition(std::string_view word, std::string_view text) : word_(word), text_(text) {}

  std::string_view word_;
  std::string text_;
};

/// https://redis.io/commands/?group=string: compare and set, compare and delete.
template <class Self>
class ConditionalStringCommands {
 public:
  /// DELEX. True if `key` was deleted, false if the condition was not met. Since Redis 8.4; not in Valkey,
  /// which has `delifeq`.
  auto delex(std::string_view key, const ValueCondition& only_if) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings_conditional, "DELEX"), key, only_if);
  }
  /// DELIFEQ. True if `key` had this value and was deleted. Since Valkey 9.0; not in Redis, which has
  /// `delex`.
  template <Scalar V>
  auto delifeq(std::string_view key, const V& value) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings_conditional, "DELIFEQ"), key, value);
  }
  /// DIGEST. A hash of the value, for conditions on long values; empty if `key` does not exist. Since
  /// Redis 8.4.
  auto digest(std::string_view key) const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::strings_conditional, "DIGEST"),
                                                      key);
  }
  /// SET … IFEQ and similar. True if the value was set, false if the condition was not met. Redis has it
  /// since 8.4; Valkey has IFEQ alone, since 8.1. A second run returns another reply than the first.
  ///
  ///     db.set_if("stock", "6", ValueCondition::equals("7"));
  template <Scalar V>
  auto set_if(std::string_view key, const V& value, const ValueCondition& only_if,
              std::optional<Expiry> expire = {}) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::strings, "SET"), detail::RetryAs{Retry::accumulating},
                                key, value, only_if, expire);
  }
};

}  // namespace redstart::inline v0
