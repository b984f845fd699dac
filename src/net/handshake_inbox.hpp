// SPDX-License-Identifier: Apache-2.0
// handshake_inbox.hpp: what a server sends before its connection is ready.
#pragma once

#include "../resp/scanner.hpp"
#include "outcome.hpp"

#include <redstart/engine/reply_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace redstart::net {

/// Receives the replies to a handshake, for blocking and asynchronous connections alike. The server may not
/// answer before it is asked, and may not send more than `most` bytes after each request: it has not yet
/// shown that it is a Redis server.
///
/// Thread safety: none.
class HandshakeInbox {
 public:
  static constexpr std::size_t most = std::size_t{64} * 1024;

  explicit HandshakeInbox(const resp::Limits& limits) noexcept : scanner_(within(limits)) {}

  /// The buffer for the next bytes, with room for `n` at least. Errors: std::bad_alloc.
  [[nodiscard]] engine::ReplyBuffer& room(std::size_t n = 256) {
    buffer_.reserve(n);
    return buffer_;
  }

  enum class Next : std::uint8_t {
    incomplete,  ///< More bytes are needed.
    reply,       ///< `frame()` is the next reply.
    refused,     ///< `failure()` says why the handshake is given up.
  };
  /// Looks for the next reply; pushes are counted and dropped.
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
  /// Lives until the next call of anything else.
  [[nodiscard]] std::string_view frame() const noexcept {
    return buffer_.view().substr(scanner_.begin(), scanner_.position() - scanner_.begin());
  }
  /// True once more has come since the last `sent` than any answer takes.
  [[nodiscard]] bool flooded() const noexcept { return taken_ + buffer_.size() > most; }
  /// Preconditions: `next` returned `refused`, or `flooded`, or `may_send` or `ends_here` returned false.
  [[nodiscard]] OpenFailure failure(bool password_was_sent) const {
    const resp::Fault fault = scanner_.fault();
    const bool too_large = fault == resp::Fault::limit_bulk || fault == resp::Fault::limit_line ||
                           fault == resp::Fault::limit_elements || fault == resp::Fault::limit_push ||
                           fault == resp::Fault::limit_reply;
    if (flooded() || too_large) return flood_in_handshake(most);
    if (fault == resp::Fault::none) return unasked_in_handshake();
    return not_resp_in_handshake(scanner_, buffer_.view(), password_was_sent);
  }

  /// False when something has come that nobody asked for; a push may have. A server that is full says so
  /// before the first request: then `opening`, and an error may have come.
  [[nodiscard]] bool may_send(bool opening) {
    if (opening && buffer_.view().starts_with('-')) return true;
    return only_pushes() && (buffer_.size() == 0 || buffer_.view().front() == '>');
  }
  /// True when nothing has come, or nothing is left.
  [[nodiscard]] bool empty() const noexcept { return buffer_.size() == 0; }
  /// A request goes out: its answer may take as much again.
  void sent() noexcept { taken_ = 0; }
  /// False when bytes are left behind the last reply, other than whole pushes.
  [[nodiscard]] bool ends_here() { return only_pushes() && buffer_.size() == 0; }

  /// Push messages dropped since the last call.
  [[nodiscard]] std::uint64_t take_pushes() noexcept { return std::exchange(pushes_, 0); }

 private:
  // A reply that declares more is refused before it comes.
  static resp::Limits within(resp::Limits limits) noexcept {
    for (std::size_t* limit : {&limits.line, &limits.bulk, &limits.elements, &limits.push, &limits.reply})
      *limit = std::min(*limit, most);
    return limits;
  }

  // What has been looked at is no longer needed: a server may be loading for long.
  void drop_seen() noexcept {
    const std::size_t seen = std::exchange(seen_, 0);
    buffer_.discard(seen);
    scanner_.discard(seen);
    taken_ += seen;
  }
  // False at a whole reply, and at bytes that are not RESP.
  bool only_pushes() { return next() == Next::incomplete; }

  engine::ReplyBuffer buffer_{};
  resp::Scanner scanner_;
  std::size_t seen_ = 0;   // where the message ends that the scanner found last
  std::size_t taken_ = 0;  // bytes since the last `sent` that the buffer no longer holds
  std::uint64_t pushes_ = 0;
};

}  // namespace redstart::net
