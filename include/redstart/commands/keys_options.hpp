// SPDX-License-Identifier: Apache-2.0
// keys_options.hpp: options and replies of commands on keys.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/commands/expiry.hpp>
#include <redstart/commands/limit.hpp>
#include <redstart/commands/option_text.hpp>
#include <redstart/core/secret.hpp>
#include <redstart/resp/decode.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// Options of COPY.
struct CopyOptions {
  std::optional<std::int64_t> database{};  ///< DB: the database of the destination; unset: the same.
  bool replace = false;                    ///< REPLACE: overwrites the destination.

  template <class Put>
  void arguments(Put& put) const {
    if (database) put("DB", *database);
    if (replace) put("REPLACE");
  }
  /// Without REPLACE, a second COPY returns another reply than the first.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    return replace ? category : Retry::accumulating;
  }
};

/// The condition on which EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT set the time. All but `always` since
/// Redis 7.0.
enum class ExpireIf : std::uint8_t {
  always,
  persistent,  ///< NX: only if the key has no expiry.
  expiring,    ///< XX: only if the key has an expiry.
  later,       ///< GT: only if the new time is later.
  sooner,      ///< LT: only if the new time is sooner.
};

namespace detail {

struct ExpireCondition {
  ExpireIf only_if = ExpireIf::always;

  template <class Put>
  void arguments(Put& put) const {
    constexpr std::string_view words[] = {"", "NX", "XX", "GT", "LT"};
    put(Keyword{words[static_cast<std::uint8_t>(only_if)]});
  }
  /// A second conditional EXPIRE returns another reply than the first.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    return only_if == ExpireIf::always ? category : Retry::accumulating;
  }
};

}  // namespace detail

/// The result of MIGRATE.
enum class Migration : std::uint8_t {
  done,
  no_key,  ///< None of the keys exists here.
};

/// Options of MIGRATE.
struct MigrateOptions {
  bool copy = false;      ///< COPY: keeps the keys here. Since Redis 3.0.
  bool replace = false;   ///< REPLACE: overwrites keys at the other server. Since Redis 3.0.
  OptionText username{};  ///< AUTH2, with `password`. Since Redis 6.0.
  Secret password{};      ///< AUTH. Since Redis 4.0.7.

  template <class Put>
  void arguments(Put& put) const {
    if (copy) put("COPY");
    if (replace) put("REPLACE");
    if (!username.empty()) {
      put("AUTH2", username, password.reveal());
    } else if (!password.empty()) {
      put("AUTH", password.reveal());
    }
  }
};

/// Options of RESTORE.
struct RestoreOptions {
  std::optional<std::chrono::milliseconds> expire{};  ///< Time to live; unset: the value does not expire.
  std::optional<std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>>
      expire_at{};                             ///< ABSTTL; instead of `expire`. Since Redis 5.0.
  bool replace = false;                        ///< REPLACE: overwrites the key. Since Redis 3.0.
  std::optional<std::chrono::seconds> idle{};  ///< IDLETIME. Since Redis 5.0.
  std::optional<std::int64_t> frequency{};     ///< FREQ, 0 to 255. Since Redis 5.0.

  [[nodiscard]] std::int64_t ttl() const {
    if (expire_at) return expire_at->time_since_epoch().count();
    return expire ? expire->count() : 0;
  }
  template <class Put>
  void arguments(Put& put) const {
    if (replace) put("REPLACE");
    if (expire_at) put("ABSTTL");
    if (idle) put("IDLETIME", idle->count());
    if (frequency) put("FREQ", *frequency);
  }
  /// Without REPLACE, a second RESTORE fails where the first succeeded.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    return replace ? category : Retry::accumulating;
  }
};

enum class Order : std::uint8_t { ascending, descending };

/// Options of SORT and SORT_RO.
struct SortOptions {
  OptionText by{};                ///< BY: pattern of the keys to sort by; `nosort` keeps the order.
  std::optional<Limit> limit{};   ///< LIMIT
  std::vector<OptionText> get{};  ///< GET: patterns of the keys to return instead; `#` is the element itself.
  Order order = Order::ascending;  ///< DESC
  bool alpha = false;              ///< ALPHA: compares as text rather than as numbers.

  template <class Put>
  void arguments(Put& put) const {
    if (!by.empty()) put("BY", by);
    if (limit) put(*limit);
    for (const OptionText& pattern : get) put("GET", pattern);
    if (order == Order::descending) put("DESC");
    if (alpha) put("ALPHA");
  }
};

}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::Migration> {
  static void decode(Cursor& cursor, Migration& out) {
    std::string_view word;
    decoder<std::string_view>::decode(cursor, word);
    out = word == "NOKEY" ? Migration::no_key : Migration::done;
  }
};
