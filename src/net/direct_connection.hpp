// SPDX-License-Identifier: Apache-2.0
// direct_connection.hpp: a connection that one caller at a time uses on its own thread, blocking.
#pragma once

#include "../protocol/handshake_fsm.hpp"
#include "handshake_gate.hpp"
#include "open_watcher.hpp"
#include "outcome.hpp"
#include "preparation.hpp"
#include "socket.hpp"

#include <redstart/engine/replies.hpp>
#include <redstart/engine/reply_sink.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/observe/stats.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

class HandshakeInbox;

/// One connection and its two kinds of exchange. After anything but a complete exchange it is not reusable.
///
/// Thread safety: one thread at a time, but for `interrupt`.
class DirectConnection : public boost::intrusive::list_base_hook<> {
 public:
  /// Both references must outlive the connection. `shard` spreads the statistics; `preparer`: null for a
  /// plain connection that shares its questions with no other.
  DirectConnection(const DatabaseConfig& config, const std::string& client_name, std::size_t shard,
                   std::shared_ptr<Preparer> preparer = nullptr) noexcept
      : config_(config), client_name_(client_name), shard_(shard), preparer_(std::move(preparer)) {}

  /// Resolves, connects, shakes hands, waits while the server is loading; at most until `deadline`, however
  /// long files, the credentials provider or the lookup take.
  [[nodiscard]] std::optional<OpenFailure> open(TimePoint deadline, OpenWatcher& watcher);

  /// Sends a command and delivers its reply.
  [[nodiscard]] Outcome exchange(const engine::Outgoing& out, engine::ReplySink& sink, TimePoint now,
                                 TimePoint deadline);
  /// Sends a batch, reading replies meanwhile so that neither side can block the other.
  [[nodiscard]] Outcome exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                       engine::Replies& replies, TimePoint now, TimePoint deadline);

  /// Asks whether the server is there. What it answers is no matter.
  [[nodiscard]] Outcome ping(TimePoint now, TimePoint deadline);

  /// True when it was used so lately that it is taken to be open still.
  [[nodiscard]] bool just_used(TimePoint now) const noexcept {
    return now - last_used_ < std::chrono::milliseconds(1);
  }
  /// Why an idle connection must not be used: it has ended, or something has come that nobody asked for.
  /// Costs a system call once it has been idle for more than a millisecond.
  [[nodiscard]] std::optional<CloseReason> fault(TimePoint now) const noexcept;
  /// The same for a connection that a caller has kept: whole push messages are counted and dropped.
  [[nodiscard]] std::optional<CloseReason> fault_beside_pushes(TimePoint now);
  void interrupt() noexcept { socket_.interrupt(); }

  [[nodiscard]] TimePoint last_used() const noexcept { return last_used_; }
  [[nodiscard]] TimePoint opened_at() const noexcept { return opened_at_; }
  /// From when on it is not to be lent out again.
  void retire_at(TimePoint time) noexcept { retires_ = time; }
  [[nodiscard]] TimePoint retires() const noexcept { return retires_; }
  /// True while a command waits in the server: the kernel then looks more often whether the peer is there.
  void watch_closely(bool close) noexcept {
    if (std::exchange(watched_, close) != close) socket_.keep_watch(config_.keepalive, close);
  }
  /// What its pool knows it by; nothing here looks at it.
  void tag(std::uint64_t tag) noexcept { tag_ = tag; }
  [[nodiscard]] std::uint64_t tag() const noexcept { return tag_; }
  [[nodiscard]] std::uint64_t exchanges() const noexcept { return exchanges_; }
  [[nodiscard]] std::size_t shard() const noexcept { return shard_; }
  /// Push messages dropped since the last call.
  [[nodiscard]] std::uint64_t take_pushes() noexcept { return std::exchange(pushes_, 0); }

 private:
  class Reception;

  // How long replies are waited for. A process that was stopped for long finds its deadline passed and its
  // reply there: what has arrived by then is read before that is judged.
  struct Patience {
    TimePoint deadline{};
    // Once the deadline has passed:
    TimePoint last{};         // until then more may arrive: the process did not run for that long
    std::size_t arrived = 0;  // bytes that had arrived and are not read
  };

  [[nodiscard]] std::optional<OpenFailure> connect(const std::vector<Address>& addresses, TimePoint deadline);
  [[nodiscard]] std::optional<OpenFailure> secure(std::shared_ptr<const TlsContext> context,
                                                  TimePoint deadline);
  [[nodiscard]] std::optional<OpenFailure> handshake(Credentials credentials, TimePoint deadline,
                                                     HandshakeGate::Pass& pass, OpenWatcher& watcher);
  [[nodiscard]] int receive_available(HandshakeInbox& inbox);
  [[nodiscard]] int pause(HandshakeInbox& inbox, TimePoint until);
  [[nodiscard]] Outcome run_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                  engine::Replies& replies, TimePoint now, TimePoint deadline);
  [[nodiscard]] int send_all(const engine::Outgoing& out, TimePoint deadline, bool& sent_all);
  [[nodiscard]] int receive_more(engine::ReplyBuffer& buffer, TimePoint& now, Patience& patience);
  [[nodiscard]] int receive_late(engine::ReplyBuffer& buffer, TimePoint now, Patience& patience);
  void arm_receive(std::chrono::nanoseconds remaining) noexcept;

  const DatabaseConfig& config_;
  const std::string& client_name_;
  std::size_t shard_;
  std::shared_ptr<Preparer> preparer_;
  Socket socket_{};
  std::chrono::nanoseconds armed_{0};  // what SO_RCVTIMEO says
  TimePoint opened_at_{};
  TimePoint last_used_{};
  TimePoint retires_ = TimePoint::max();
  bool watched_ = false;
  std::uint64_t tag_ = 0;
  std::uint64_t exchanges_ = 0;
  std::uint64_t pushes_ = 0;
};

}  // namespace redstart::inline v0::net
