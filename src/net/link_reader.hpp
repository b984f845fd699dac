// SPDX-License-Identifier: Apache-2.0
// link_reader.hpp: receives the bytes of a link and keeps incomplete replies.
#pragma once

#include "../protocol/link_core.hpp"
#include "async_memory.hpp"
#include "opened_stream.hpp"

#include <redstart/engine/reply_buffer.hpp>

#include <cstddef>
#include <span>

namespace redstart::inline v0::net {

/// Receives bytes and passes them to the core. The first bytes come into a small buffer inside; the thread's
/// block takes more, and only an incomplete reply is kept on the heap.
///
/// Users' code runs inside `received` and `resume`. If it throws, `more` is true and `resume` continues.
///
/// Thread safety: none.
class LinkReader {
 public:
  LinkReader(protocol::LinkCore& core, OpenedStream& stream) noexcept : core_(core), stream_(stream) {}
  LinkReader(const LinkReader&) = delete;
  LinkReader& operator=(const LinkReader&) = delete;

  /// Where an asynchronous read puts the first bytes.
  [[nodiscard]] std::span<char> first_bytes() noexcept { return inline_; }
  /// `n` bytes have arrived there. If they fill it, reads the rest.
  void received(std::size_t n);
  /// Reads what has arrived. After `received` or `resume` has used up its share, or users' code has thrown.
  void resume();
  /// True if a turn must be posted for `resume`, because this turn has used up its share.
  [[nodiscard]] bool more() const noexcept { return more_; }
  /// The connection was closed.
  void close() noexcept;

 private:
  class SaveUndelivered;

  void receive(engine::ReplyBuffer window, const char* borrowed, bool more);
  void drop_delivered(engine::ReplyBuffer& window) { window.discard(core_.take_delivered()); }

  static constexpr std::size_t inline_size = 768;  // small, because an idle connection holds it too

  protocol::LinkCore& core_;
  OpenedStream& stream_;
  engine::ReplyBuffer partial_{};  // received bytes of an incomplete reply
  bool more_ = false;
  char inline_[inline_size];
};

}  // namespace redstart::inline v0::net
