// SPDX-License-Identifier: Apache-2.0
// handshake_inbox.hpp: receives and bounds the replies to a handshake.
#pragma once

#include "../resp/scanner.hpp"
#include "outcome.hpp"

#include <redstart/engine/reply_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// Receives the replies to a handshake on direct and asynchronous connections.
///
/// Until the handshake has succeeded, the peer may be something else than a Redis server. So it must not send
/// before the first request (except one error), nor more than `max_bytes` after each request.
///
/// Thread safety: none.
class HandshakeInbox {
 public:
  static constexpr std::size_t max_bytes = std::size_t{64} * 1024;

  explicit HandshakeInbox(const resp::Limits& limits) noexcept : scanner_(within(limits)) {}

  /// Returns the buffer for the next bytes, with room for at least `n`. Errors: std::bad_alloc.
  [[nodiscard]] engine::ReplyBuffer& room(std::size_t n = 256) {
    buffer_.reserve(n);
    return buffer_;
  }

  /// The result of looking for the next reply.
  enum class Next : std::uint8_t {
    incomplete,  ///< More bytes are needed.
    reply,       ///< `frame()` is the next reply.
    refused,     ///< The handshake must end with `failure()`.
  };
  /// Scans for the next reply. Pushes are counted and dropped.
  [[nodiscard]] Next next() {
    for (;;) {
      drop_seen();
      if (flooded()) return Next::refused;
      switch (scanner_.scan(buffer_.view())) {
        case resp::Scanner::Status::incomplete: return Next::incomplete;
        case resp::Scanner::Status::fault: return Next::refused;
        case resp::Scanner::Status::complete: seen_ = scanner_.position(); break;
      }
      if (scanner_.type() != resp::Type::push) return Next::reply;
      ++pushes_;
    }
  }
  /// Returns the reply that `next` has found. Valid until the next call of a non-const function.
  [[nodiscard]] std::string_view frame() const noexcept {
    return buffer_.view().substr(scanner_.begin(), scanner_.position() - scanner_.begin());
  }
  /// True if more than `max_bytes` have arrived since the last `sent`.
  [[nodiscard]] bool flooded() const noexcept { return consumed_ + buffer_.size() > max_bytes; }
  /// Preconditions: `next` returned `refused`, or `flooded`, or `may_send` or `ends_here` returned false.
  [[nodiscard]] Cause failure(bool password_was_sent) const {
    const resp::Fault fault = scanner_.fault();
    const bool too_large = fault == resp::Fault::limit_bulk || fault == resp::Fault::limit_line ||
                           fault == resp::Fault::limit_elements || fault == resp::Fault::limit_push ||
                           fault == resp::Fault::limit_reply;
    if (flooded() || too_large) return failure::flood_in_handshake(max_bytes);
    if (fault == resp::Fault::none) return failure::unsolicited_in_handshake();
    return not_resp_in_handshake(scanner_, buffer_.view(), password_was_sent);
  }

  /// False if unsolicited bytes other than pushes have arrived. A server at its `maxclients` limit sends an
  /// error before the first request: that error is accepted if `opening`.
  [[nodiscard]] bool may_send(bool opening) {
    if (opening && buffer_.view().starts_with('-')) return true;
    return only_pushes() && (buffer_.size() == 0 || buffer_.view().front() == '>');
  }
  /// The number of bytes behind the last reply.
  [[nodiscard]] std::size_t unread() const noexcept { return buffer_.size() - seen_; }
  /// A request is being sent: the limit of `max_bytes` starts anew.
  void sent() noexcept { consumed_ = 0; }
  /// True if nothing but whole pushes follows the last reply.
  [[nodiscard]] bool ends_here() { return only_pushes() && buffer_.size() == 0; }

  /// Returns the number of pushes that were dropped since the last call.
  [[nodiscard]] std::uint64_t take_pushes() noexcept { return std::exchange(pushes_, 0); }

 private:
  // With these limits, a reply that declares more is refused before it arrives.
  static resp::Limits within(resp::Limits limits) noexcept {
    for (std::size_t* limit : {&limits.line, &limits.bulk, &limits.elements, &limits.push, &limits.reply})
      *limit = std::min(*limit, max_bytes);
    return limits;
  }

  // Frees the replies that were handled, because a server that is loading sends many.
  void drop_seen() noexcept {
    const std::size_t seen = std::exchange(seen_, 0);
    buffer_.discard(seen);
    scanner_.discard(seen);
    consumed_ += seen;
  }
  // False if the buffer contains a whole reply, or bytes that are not RESP.
  bool only_pushes() { return next() == Next::incomplete; }

  engine::ReplyBuffer buffer_{};
  resp::Scanner scanner_;
  std::size_t seen_ = 0;      // end of the last message that the scanner found
  std::size_t consumed_ = 0;  // bytes since the last `sent` that were removed from the buffer
  std::uint64_t pushes_ = 0;
};

}  // namespace redstart::inline v0::protocol
