// SPDX-License-Identifier: Apache-2.0
// peer_text.hpp: the one way in which text of others gets into ours.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// Bytes of a peer's text that a message shows at most.
inline constexpr std::size_t peer_text_limit = 512;

/// How `peer_text` treats a text.
struct PeerTextOptions {
  std::size_t most = peer_text_limit;  ///< Bytes of the result at most.
  std::size_t whole = 0;               ///< Bytes of the whole text, where `text` is its beginning only.
  /// Texts that must not be shown, such as passwords: neither as they are, nor cut short, nor with escapes.
  std::span<const std::string_view> secrets{};
};

/// A text that a server, a certificate, a codec or a configuration chose, as messages may show it. Messages,
/// events, statistics and reports take such texts through this function only.
///
/// 1. Only the first `most` bytes are looked at: the work does not depend on what comes behind them.
/// 2. Arguments that servers repeat are removed: those of unknown commands, and modifiers of ACL SETUSER.
/// 3. `***` replaces secrets: whole ones, their first or last 4 bytes or more, and any 6 bytes of one. The
///    server may have escaped them, changed their case, or replaced control and non-ASCII bytes. A secret of
///    fewer than 4 bytes (blanks in a row count once) would make stars of ordinary words: where it is a word
///    of the text, `***` replaces everything behind the error word. Redis's own error words, and messages in
///    which Redis repeats nothing, are kept.
/// 4. Control characters, characters that change the direction or the lines of the text, and bytes that are
///    not UTF-8 become `\n`, `\r`, `\t` or `\x1b`. Backslashes and quotes stay as they are.
/// 5. What is longer ends, between two characters, with "… (N more bytes)". The result has at most `most`
///    bytes, and is its own `peer_text`.
///
/// Errors: std::bad_alloc. Cost: linear in `most` and the sizes of the secrets.
[[nodiscard]] std::string peer_text(std::string_view text, const PeerTextOptions& options = {});

/// True for texts that `peer_text` shows as they are, where there are no secrets: at most `most` bytes of
/// UTF-8 without control characters.
[[nodiscard]] bool is_presentable(std::string_view text, std::size_t most = peer_text_limit) noexcept;

}  // namespace redstart::inline v0
