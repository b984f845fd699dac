// SPDX-License-Identifier: Apache-2.0
// peer_text.hpp: prepares text of peers for messages.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// Maximum number of bytes of a peer's text in a message.
inline constexpr std::size_t peer_text_limit = 512;

/// How `peer_text` treats a text.
struct PeerTextOptions {
  std::size_t most = peer_text_limit;  ///< Maximum size of the result.
  std::size_t whole = 0;               ///< Size of the complete text if `text` is only its beginning.
  /// Texts that must not be shown, such as passwords: not as they are, not shortened, not escaped.
  std::span<const std::string_view> secrets{};
};

/// Returns a text of a server, a certificate, a codec or a configuration in the form that messages show.
/// Messages, events, statistics and reports use such texts in this form only.
///
/// 1. Only the first `most` bytes are read, so the cost does not depend on the rest.
/// 2. Arguments that servers repeat are removed: those of unknown commands, and modifiers of ACL SETUSER.
/// 3. `***` replaces secrets: whole ones, their first or last 4 bytes or more, and any 6 bytes of one. The
///    server may have escaped them, changed their case, or replaced control and non-ASCII bytes. Replacing a
///    secret of fewer than 4 bytes (consecutive spaces count once) would hide ordinary words. If such a
///    secret is a word of the text, `***` replaces everything after the error word. Error words of Redis, and
///    messages in which Redis repeats nothing, are kept.
/// 4. Control characters, characters that change the direction or the lines of the text, and bytes that are
///    not UTF-8 become `\n`, `\r`, `\t` or `\x1b`. Backslashes and quotes stay as they are.
/// 5. A longer text is cut between two characters and ends with "… (N more bytes)". The result has at most
///    `most` bytes; `peer_text` does not change it again.
///
/// Errors: std::bad_alloc. Cost: linear in `most` and the sizes of the secrets.
[[nodiscard]] std::string peer_text(std::string_view text, const PeerTextOptions& options = {});

/// True if `peer_text` without secrets would not change the text: at most `most` bytes of UTF-8 without
/// control characters.
[[nodiscard]] bool is_presentable(std::string_view text, std::size_t most = peer_text_limit) noexcept;

}  // namespace redstart::inline v0
