// SPDX-License-Identifier: Apache-2.0
// session_tracker.hpp: tracks the session state that a scoped handle's commands leave.
#pragma once

#include <redstart/commands/command_info.hpp>
#include <redstart/engine/batch.hpp>
#include <redstart/engine/session_check.hpp>
#include <redstart/resp/error_text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// Follows WATCH, MULTI and EXEC on one connection. Decides whether the server only queues a command, and
/// whether other callers may use the connection afterwards.
///
/// A command counts once it is sent. Replies arrive in the order of the commands, and several may be
/// outstanding. Pure: no lock, no clock.
class SessionTracker {
 public:
  /// The reply to a command that changes the session state.
  enum class Answer : std::uint8_t {
    done,     ///< No error; EXEC may also reply null.
    aborted,  ///< EXECABORT: the transaction has ended.
    refused,  ///< Another error.
  };
  [[nodiscard]] static Answer answer_in(std::string_view frame) noexcept {
    if (!resp::is_error_frame(frame)) return Answer::done;
    return frame.substr(1).starts_with("EXECABORT") ? Answer::aborted : Answer::refused;
  }

  /// True between MULTI and EXEC: the server replies QUEUED to commands.
  [[nodiscard]] bool queues() const noexcept { return queues_; }
  /// True if no other caller may use the connection: it has state, or a reply about it is outstanding.
  [[nodiscard]] bool dirty() const noexcept {
    return changed_ || watches_ || queues_ || started_ != answered_;
  }
  /// True if AUTH of the library may be sent now. It must not be queued in a transaction, replace a user that
  /// the caller has chosen (AUTH, HELLO, RESET), or be sent where no usual reply follows.
  [[nodiscard]] bool may_authenticate() const noexcept {
    return !queues_ && !own_identity_ && started_ == answered_;
  }

  /// Preconditions: `session` is not `none`; `name` is the name of its row.
  void sent(Session session, std::string_view name) noexcept {
    ++started_;
    queued_before_ = queues_;
    watched_before_ = watches_;
    if (session != Session::transaction) {
      changed_ = true;
      if (session != Session::database && session != Session::routing) own_identity_ = true;
    } else if (name == "WATCH") {
      watches_ = true;
    } else if (name == "MULTI") {
      queues_ = true;
    } else if (engine::ends_transaction(session, name)) {
      queues_ = false;
    }
  }

  /// The reply to the oldest command without one.
  void answered(Session session, std::string_view name, Answer answer) noexcept {
    ++answered_;
    if (session != Session::transaction) return;
    // Later commands change the state again, so only the last reply determines it.
    const bool last = started_ == answered_;
    if (name == "MULTI") {
      if (answer == Answer::refused && last) queues_ = queued_before_;
    } else if (engine::ends_transaction(session, name)) {
      if (answer == Answer::refused) {
        changed_ = true;  // it is unknown whether a transaction is left
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
  bool queues_ = false;          // MULTI was sent, and neither EXEC nor DISCARD
  bool queued_before_ = false;   // as `queues_` was before the last command that was sent
  bool watches_ = false;         // WATCH was sent and has not ended
  bool watched_before_ = false;  // as `watches_` was before the last command that was sent
  bool changed_ = false;         // another state, which is permanent
  bool own_identity_ = false;    // with a state in which the library must not send AUTH
  std::uint64_t started_ = 0;
  std::uint64_t answered_ = 0;
};

/// Returns the error of the first command of a batch that the server would queue although its reply can't
/// show that. Empty if there is none. `state`: the session before the batch.
[[nodiscard]] std::optional<Error> first_only_queued(SessionTracker state, const engine::Origin& origin,
                                                     const engine::BatchCommands& commands,
                                                     std::string_view bytes);
/// Records that all commands of a batch were sent.
void note_sent(SessionTracker& state, const engine::BatchCommands& commands) noexcept;
/// Records the reply to one command of a batch.
void note_answered(SessionTracker& state, const engine::BatchCommands& commands, std::size_t command,
                   std::string_view frame) noexcept;

}  // namespace redstart::inline v0::pool
