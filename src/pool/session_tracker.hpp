// SPDX-License-Identifier: Apache-2.0
// session_tracker.hpp: tracks the session state that a scoped handle's commands leave.
#pragma once

#include <redstart/commands/command_info.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0::pool {

/// Follows WATCH, MULTI and EXEC on one connection. Decides whether the server only queues a command, and
/// whether the connection may be used by others afterwards.
///
/// A command counts from the moment it is sent. Replies arrive in the order of the commands; several may be
/// outstanding. Pure: no lock, no clock.
class SessionTracker {
 public:
  /// How the server answered a command that changes the state of its connection.
  enum class Answer : std::uint8_t {
    done,     ///< With anything but an error; EXEC also with null.
    aborted,  ///< EXEC with EXECABORT: the transaction is gone.
    refused,  ///< With another error.
  };

  /// Whether commands are between MULTI and EXEC: the server answers QUEUED to them.
  [[nodiscard]] bool queues() const noexcept { return queues_; }
  /// Whether nobody else may use the connection: it has state, or a reply about it is still to come.
  [[nodiscard]] bool dirty() const noexcept {
    return changed_ || watches_ || queues_ || started_ != answered_;
  }

  /// Whether the command may be sent now. `shows_queued`: the type of its reply tells QUEUED from a value.
  [[nodiscard]] bool admits(Session session, std::string_view name, bool shows_queued) const noexcept {
    return !queues_ || shows_queued || ends_transaction(session, name);
  }

  /// Preconditions: `session` is not `none`; `name` is the name of its row.
  void sent(Session session, std::string_view name) noexcept {
    ++started_;
    queued_before_ = queues_;
    watched_before_ = watches_;
    if (session != Session::transaction) {
      changed_ = true;
    } else if (name == "WATCH") {
      watches_ = true;
    } else if (name == "MULTI") {
      queues_ = true;
    } else if (ends_transaction(session, name)) {
      queues_ = false;
    }
  }

  /// The reply to the command that was sent first and not answered yet.
  void answered(Session session, std::string_view name, Answer answer) noexcept {
    ++answered_;
    if (session != Session::transaction) return;
    // Commands behind it have changed the state again, or will: only the last reply says what it is.
    const bool last = started_ == answered_;
    if (name == "MULTI") {
      if (answer == Answer::refused && last) queues_ = queued_before_;
    } else if (ends_transaction(session, name)) {
      if (answer == Answer::refused) {
        changed_ = true;  // whether a transaction is left is not known
        if (last) queues_ = queued_before_;
      } else if (last) {
        watches_ = false;
      }
    } else if (name == "WATCH") {
      if (answer == Answer::refused && last) watches_ = watched_before_;
    } else if (name == "UNWATCH") {
      if (answer == Answer::done && last && !queues_) watches_ = false;
    }
  }

 private:
  [[nodiscard]] static bool ends_transaction(Session session, std::string_view name) noexcept {
    return session == Session::transaction && (name == "EXEC" || name == "DISCARD");
  }

  bool queues_ = false;          // MULTI was sent, and neither EXEC nor DISCARD
  bool queued_before_ = false;   // as `queues_` was before the last command that was sent
  bool watches_ = false;         // WATCH was sent, and nothing has ended it
  bool watched_before_ = false;  // as `watches_` was before the last command that was sent
  bool changed_ = false;         // another state, which stays
  std::uint64_t started_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace redstart::inline v0::pool
