// SPDX-License-Identifier: Apache-2.0
// scan.hpp: options and reply of SCAN, HSCAN, SSCAN and ZSCAN.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/key_type.hpp>
#include <redstart/commands/option_text.hpp>
#include <redstart/resp/decode.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// Options of HSCAN, SSCAN and ZSCAN.
struct ScanOptions {
  OptionText match{};                   ///< MATCH: a glob pattern; empty for all.
  std::optional<std::int64_t> count{};  ///< COUNT: about how many elements a step looks at; unset: 10.

  template <class Put>
  void arguments(Put& put) const {
    if (!match.empty()) put("MATCH", match);
    if (count) put("COUNT", *count);
  }
};

/// Options of SCAN.
struct ScanKeysOptions {
  OptionText match{};                   ///< MATCH: a glob pattern; empty for all.
  std::optional<std::int64_t> count{};  ///< COUNT: about how many keys a step looks at; unset: 10.
  std::optional<KeyType> type{};        ///< TYPE: only keys of this type. Since Redis 6.0.

  template <class Put>
  void arguments(Put& put) const {
    if (!match.empty()) put("MATCH", match);
    if (count) put("COUNT", *count);
    if (type) put("TYPE", to_string(*type));
  }
};

/// The elements that one step found, possibly none, and the cursor of the next step.
template <class Out>
struct ScanPage {
  std::uint64_t cursor = 0;
  Out elements{};

  /// True if this was the last step.
  [[nodiscard]] bool finished() const noexcept { return cursor == 0; }
};

}  // namespace redstart::inline v0

template <class Out>
struct redstart::resp::decoder<redstart::ScanPage<Out>> {
  static void decode(Cursor& cursor, ScanPage<Out>& out) {
    detail::decode_nested_pair(cursor, out.cursor, out.elements);
  }
};
