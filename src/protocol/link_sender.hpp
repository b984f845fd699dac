// SPDX-License-Identifier: Apache-2.0
// link_sender.hpp: chooses the next bytes that a link sends.
#pragma once

#include "fences.hpp"
#include "flight.hpp"
#include "link_authentication.hpp"
#include "link_context.hpp"
#include "link_operations.hpp"
#include "outbox.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// Takes operations from the queue, encodes them into blocks and puts them in flight. In one turn:
///
/// 1. `begin`
/// 2. `gather`, write its bytes, `wrote`; again until `gather` returns no bytes or not all were accepted
/// 3. `end`
///
/// Thread safety: none.
class LinkSender {
 public:
  using Node = engine::OperationNode;
  LinkSender(LinkContext& context, LinkOperations& operations, Flight& flight, Outbox& outbox,
             Fences& fences) noexcept
      : context_(context),
        operations_(operations),
        flight_(flight),
        outbox_(outbox),
        fences_(fences),
        authentication_(context) {}

  /// True if there is something to send and nothing that must be waited for.
  [[nodiscard]] bool may_send() const noexcept {
    if (operations_.queue_empty() && !fence_due_ && !authentication_.may_send(flight_.blocking()))
      return false;
    if (context_.retiring && !fence_due_) return false;
    return !checking_ && outbox_.error() == 0 && outbox_.is_empty();
  }
  /// True if the connection was idle, so that its end, or an unsolicited message, must be looked for before
  /// anything is sent. Preconditions: `may_send`.
  [[nodiscard]] bool must_look_first() const noexcept {
    if (!flight_.empty() || operations_.queue_empty()) return false;
    return std::max(context_.now, operations_.front().start) - context_.status.last_used() >=
           std::chrono::milliseconds(1);
  }

  void begin(TimePoint now) noexcept {
    context_.now = now;
    first_ = flight_.end();
    progress_ = false;
  }
  /// Returns the next bytes to be written, in `scratch`, in an operation or in AUTH. `scratch` has room for a
  /// PING and a fence at least. Errors: std::bad_alloc, if not even one operation could be sent; nothing is
  /// lost.
  [[nodiscard]] std::string_view gather(std::span<char> scratch);
  /// True if the state has changed since `begin`, perhaps without bytes to be written.
  [[nodiscard]] bool progress() const noexcept { return progress_; }
  /// The kernel has accepted `accepted` bytes of what `gather` returned last; `error`: 0, EAGAIN or another
  /// errno value.
  void wrote(std::string_view block, std::size_t accepted, int error) {
    outbox_.accepted(accepted);
    if (accepted != block.size()) [[unlikely]]
      keep_rest(block, accepted, error);
  }
  /// The kernel has accepted `bytes` of what waited.
  void wrote_waiting(std::size_t bytes, int error) noexcept;
  /// The process may have been stopped between the check of the deadlines and the sending: extends the
  /// deadlines of what was sent then by the lost time.
  void end(TimePoint now) noexcept {
    if (flight_.end() == first_) return;
    constexpr auto usual = std::chrono::milliseconds(5);  // more than sending takes
    const auto lost = now - std::exchange(context_.now, now);
    if (lost >= usual) [[unlikely]]
      restore_time(lost);
  }

  [[nodiscard]] LinkAuthentication& authentication() noexcept { return authentication_; }
  [[nodiscard]] const LinkAuthentication& authentication() const noexcept { return authentication_; }
  /// True while a PING of the link itself is in flight: the queue waits for its reply.
  [[nodiscard]] bool checking() const noexcept { return checking_; }
  /// The reply to the oldest entry without an operation has arrived. Returns true if it was that PING.
  [[nodiscard]] bool check_ended() noexcept { return std::exchange(checking_, false); }
  /// True once after a command that may block was sent: from then on keepalive must detect a dead peer.
  [[nodiscard]] bool take_fast_keepalive() noexcept {
    if (keepalive_ != Keepalive::fast_wanted) return false;
    keepalive_ = Keepalive::fast;
    return true;
  }
  /// True once after `take_fast_keepalive`, if nothing is in flight.
  [[nodiscard]] bool take_usual_keepalive() noexcept;

  /// How long the server may take for the reply to the oldest command in flight.
  [[nodiscard]] Clock::duration silence_limit() const noexcept;
  /// A scoped handle counts a command that changes the session as sent from its submission on. If the command
  /// ends unsent, the handle no longer knows the state of its connection: nothing more is sent, and the
  /// connection closes once the replies in flight have arrived.
  void note_unsent(const Node& node) noexcept;
  /// The connection was closed.
  void close() noexcept;

 private:
  enum class Keepalive : std::uint8_t { usual, fast_wanted, fast };

  [[nodiscard]] bool admit_front();
  [[nodiscard]] bool check_is_due() const noexcept;
  [[nodiscard]] std::string_view check(std::span<char> scratch);
  [[nodiscard]] std::string_view authenticate();
  void expire_front();
  void keep_rest(std::string_view block, std::size_t accepted, int error);
  void start_silence() noexcept;
  void restore_time(Clock::duration lost) noexcept;
  [[nodiscard]] bool put_in_flight(Node& node, bool alone);
  [[nodiscard]] std::size_t fence(char* at) noexcept;

  LinkContext& context_;
  LinkOperations& operations_;
  Flight& flight_;
  Outbox& outbox_;
  Fences& fences_;
  LinkAuthentication authentication_;
  std::uint64_t first_ = 0;      // the first sequence number of this turn
  const Node* large_ = nullptr;  // the last block is the bytes of this operation
  bool progress_ = false;
  bool checking_ = false;
  bool fence_due_ = false;  // a large operation was sent without a fence behind it
  Keepalive keepalive_ = Keepalive::usual;
};

}  // namespace redstart::inline v0::protocol
