// SPDX-License-Identifier: Apache-2.0
// direct_connection.hpp: a blocking connection that one caller at a time uses.
#pragma once

#include "../protocol/outcome.hpp"
#include "open_watcher.hpp"
#include "preparation.hpp"
#include "socket.hpp"

#include <redstart/engine/batch.hpp>
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

using protocol::end_of_stream;
using protocol::Outcome;

/// Opens a blocking connection and exchanges commands on the caller's thread. After an incomplete exchange
/// the connection must be closed.
///
/// Thread safety: one thread at a time, except `interrupt`.
class DirectConnection : public boost::intrusive::list_base_hook<> {
 public:
  /// `shard` selects the counters. `preparer`: null if the connection needs no preparation in common with
  /// others.
  ///
  /// Lifetimes: `config` and `client_name` must outlive the connection.
  DirectConnection(const DatabaseConfig& config, const std::string& client_name, std::size_t shard,
                   std::shared_ptr<Preparer> preparer = nullptr) noexcept
      : config_(config), client_name_(client_name), shard_(shard), preparer_(std::move(preparer)) {}

  /// Prepares, connects and runs the handshake, and waits while the server is loading. Returns at `deadline`
  /// at the latest, also if files, the credentials provider or the lookup hang.
  [[nodiscard]] std::optional<Cause> open(TimePoint deadline, OpenWatcher& watcher);

  /// Sends a command and delivers its reply.
  [[nodiscard]] Outcome exchange(const engine::Outgoing& out, engine::ReplySink& sink, TimePoint now,
                                 TimePoint deadline);
  /// Sends a batch and reads replies between the writes, so that neither side can block the other.
  [[nodiscard]] Outcome exchange_batch(const engine::Batch& batch, engine::Replies& replies, TimePoint now,
                                       TimePoint deadline);

  /// Sends PING. Any reply counts as an answer.
  [[nodiscard]] Outcome ping(TimePoint now, TimePoint deadline);

  /// Sends AUTH. Its reply is the outcome.
  [[nodiscard]] Outcome authenticate(const protocol::ProvidedCredentials& with, TimePoint now,
                                     TimePoint deadline);
  /// When it must authenticate again.
  [[nodiscard]] protocol::CredentialsRenewal& renewal() noexcept { return renewal_; }

  /// True if it was used within the last millisecond, so that it is assumed to be open.
  [[nodiscard]] bool just_used(TimePoint now) const noexcept {
    return now - last_used_ < std::chrono::milliseconds(1);
  }
  /// Returns the reason for which an idle connection must not be used: it was closed by the peer, or an
  /// unsolicited message has arrived. Costs a system call if it was idle for more than a millisecond.
  [[nodiscard]] std::optional<CloseReason> close_reason(TimePoint now) const noexcept;
  /// Like `close_reason`, for a connection that a caller has kept: whole pushes are counted and dropped.
  [[nodiscard]] std::optional<CloseReason> close_reason_beside_pushes(TimePoint now);
  void interrupt() noexcept { socket_.interrupt(); }

  [[nodiscard]] TimePoint last_used() const noexcept { return last_used_; }
  [[nodiscard]] TimePoint opened_at() const noexcept { return opened_at_; }
  /// After this time, the pool must not give it to a caller again.
  void retire_at(TimePoint time) noexcept { retires_ = time; }
  [[nodiscard]] TimePoint retires() const noexcept { return retires_; }
  /// `fast`: a command waits in the server, so keepalive probes are sent at the short interval.
  void use_fast_keepalive(bool fast) noexcept {
    if (std::exchange(fast_keepalive_, fast) != fast) socket_.set_keepalive(config_.keepalive, fast);
  }
  /// The pool's own identification of it.
  void tag(std::uint64_t tag) noexcept { tag_ = tag; }
  [[nodiscard]] std::uint64_t tag() const noexcept { return tag_; }
  [[nodiscard]] std::uint64_t exchanges() const noexcept { return exchanges_; }
  [[nodiscard]] std::size_t shard() const noexcept { return shard_; }
  /// Returns the number of pushes dropped since the last call.
  [[nodiscard]] std::uint64_t take_pushes() noexcept { return std::exchange(pushes_, 0); }

 private:
  class Opening;
  class Reception;

  // How long an exchange waits for replies. After the process was stopped, the deadline may have passed
  // although the reply has arrived. So bytes that arrived are read before the exchange times out.
  struct Patience {
    TimePoint deadline{};
    // Set once the deadline has passed:
    TimePoint last{};         // extended by the time for which the process did not run
    std::size_t arrived = 0;  // bytes that had arrived and were not read
  };

  [[nodiscard]] Outcome run_batch(const engine::Batch& batch, engine::Replies& replies, TimePoint now,
                                  TimePoint deadline);
  [[nodiscard]] Outcome not_sent(const engine::Outgoing& out, engine::ReplySink& sink, TimePoint now,
                                 TimePoint deadline, int error);
  [[nodiscard]] int send_all(const engine::Outgoing& out, TimePoint deadline, bool& sent_all);
  [[nodiscard]] int receive_more(engine::ReplyBuffer& buffer, TimePoint& now, Patience& patience);
  [[nodiscard]] int receive_late(engine::ReplyBuffer& buffer, TimePoint now, Patience& patience);
  void arm_receive(std::chrono::nanoseconds remaining) noexcept;

  const DatabaseConfig& config_;
  const std::string& client_name_;
  std::size_t shard_;
  std::shared_ptr<Preparer> preparer_;
  Socket socket_{};
  std::chrono::nanoseconds armed_{0};  // the current SO_RCVTIMEO
  TimePoint opened_at_{};
  TimePoint last_used_{};
  TimePoint retires_ = TimePoint::max();
  protocol::CredentialsRenewal renewal_{};
  bool fast_keepalive_ = false;
  std::uint64_t tag_ = 0;
  std::uint64_t exchanges_ = 0;
  std::uint64_t pushes_ = 0;
};

}  // namespace redstart::inline v0::net
