// SPDX-License-Identifier: Apache-2.0
// strings_options.hpp: options and replies of commands on strings.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/commands/expiry.hpp>
#include <redstart/commands/only_if.hpp>
#include <redstart/commands/reply_fields.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// Options of SET.
struct SetOptions {
  std::optional<Expiry> expire{};  ///< EX, PX, EXAT, PXAT or KEEPTTL; unset: the value does not expire.
  OnlyIf only_if = OnlyIf::always;

  template <class Put>
  void arguments(Put& put) const {
    if (expire) put(*expire);
    put(detail::keyword_of(only_if));
  }
  /// A second SET … NX returns another reply than the first.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    return only_if == OnlyIf::always ? category : Retry::accumulating;
  }
};

/// A part of a string, both ends included.
struct TextRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  friend constexpr bool operator==(const TextRange&, const TextRange&) = default;
};

/// The longest common subsequence of two strings, as a list of its parts.
struct LcsMatches {
  struct Match {
    TextRange first{};   ///< in the value of the first key
    TextRange second{};  ///< in that of the second
    std::int64_t length = 0;

    friend constexpr bool operator==(const Match&, const Match&) = default;
  };
  std::vector<Match> matches{};  ///< the last part comes first
  std::int64_t length = 0;       ///< of the whole subsequence
};

}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::LcsMatches::Match> {
  static void decode(Cursor& cursor, LcsMatches::Match& out) {
    std::pair<std::int64_t, std::int64_t> first;
    std::pair<std::int64_t, std::int64_t> second;
    redstart::detail::decode_fields(cursor, "a match of LCS", first, second, out.length);
    out.first = {first.first, first.second};
    out.second = {second.first, second.second};
  }
};

template <>
struct redstart::resp::decoder<redstart::LcsMatches> {
  static void decode(Cursor& cursor, LcsMatches& out) {
    redstart::detail::decode_named_fields(cursor, "a map", [&](std::string_view name) {
      if (name == "matches") {
        decoder<std::vector<LcsMatches::Match>>::decode(cursor, out.matches);
      } else if (name == "len") {
        decoder<std::int64_t>::decode(cursor, out.length);
      } else {
        cursor.skip();
      }
    });
  }
};
