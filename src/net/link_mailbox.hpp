// SPDX-License-Identifier: Apache-2.0
// link_mailbox.hpp: passes operations and requests of other threads to the loop of a link.
#pragma once

#include "submission.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/engine/operation_node.hpp>
#include <redstart/observe/stats.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

namespace redstart::inline v0::net {

/// Passes operations and mail to the loop of a link. Mail: a request such as cancel, open or stop. Other
/// threads, and users' code inside a turn, change nothing directly: they append mail and wake the loop.
///
/// Thread safety: full, except where noted.
class LinkMailbox {
 public:
  struct Cancel {
    std::uint64_t id;
    engine::Cancellation how;
    unsigned hops = 0;  ///< How many links have forwarded it.
  };
  struct Open {};
  struct Retire {
    CloseReason reason;
  };
  struct Wake {};
  struct Stop {
    TimePoint deadline;
  };
  using Mail = std::variant<Cancel, Open, Retire, Wake, Stop>;

  [[nodiscard]] SubmissionStack& stack() noexcept { return stack_; }

  /// Returns false if the link is gone.
  bool put(const Mail& mail) {
    const std::scoped_lock lock(mutex_);
    if (gone_) return false;
    mail_.push_back(mail);
    has_mail_.store(true, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool has_mail() const noexcept { return has_mail_.load(std::memory_order_acquire); }
  /// Returns all mail, in order.
  [[nodiscard]] std::vector<Mail> take() noexcept {
    const std::scoped_lock lock(mutex_);
    has_mail_.store(false, std::memory_order_relaxed);
    return std::exchange(mail_, {});
  }
  /// Frees the memory that an idle link does not need.
  void release() noexcept {
    const std::scoped_lock lock(mutex_);
    if (mail_.empty()) std::vector<Mail>().swap(mail_);
  }

  /// True if the caller must wake the loop; false if a wake-up is pending.
  [[nodiscard]] bool must_wake() noexcept { return !wake_pending_.exchange(true, std::memory_order_acq_rel); }
  /// The loop is awake: a later operation must wake it again.
  void awake() noexcept { wake_pending_.exchange(false, std::memory_order_acq_rel); }
  /// Calls `post` unless the link is gone, and returns true. The context of the loop lives as
  /// long as the call.
  template <class Post>
  bool unless_gone(Post post) {
    const std::scoped_lock lock(mutex_);
    if (gone_) return false;
    post();
    return true;
  }
  /// From now on nothing is accepted and nothing is posted. Mail that was not taken is dropped.
  void close() noexcept {
    std::vector<Mail> unread;  // freed without the lock
    const std::scoped_lock lock(mutex_);
    gone_ = true;
    unread.swap(mail_);
    has_mail_.store(false, std::memory_order_relaxed);
  }

 private:
  SubmissionStack stack_{};
  std::atomic<bool> wake_pending_{false};  // a turn is posted for it
  std::atomic<bool> has_mail_{false};
  std::mutex mutex_{};  // guards the next two; never held during a call of other code than `post`
  std::vector<Mail> mail_{};
  bool gone_ = false;
};

}  // namespace redstart::inline v0::net
