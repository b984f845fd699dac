// SPDX-License-Identifier: Apache-2.0
// link_event.hpp: what a link reports to its owner.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/observe/stats.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace redstart::inline v0::protocol {

/// One event of a link.
struct LinkEvent {
  enum class Kind : std::uint8_t {
    pushed,  ///< `pushes` push messages have arrived and were dropped.
    opened,  ///< The connection is ready.
    closed,  ///< The socket is closed, for `reason`. Operations in flight have failed or are queued again.
    open_failed,      ///< The connect attempt failed with `failure`. Queued operations keep waiting.
    wanted,           ///< The connection is closed and operations wait. Once until it is opened or they fail.
    unauthenticated,  ///< The credentials have expired, or newer ones were refused: `failure` says why. Close
                      ///< the connection after its work.
    woken,            ///< `LinkCore::wake` was called.
    idle,             ///< Nothing is queued or in flight; the handler of the last operation may still run.
    stopped,          ///< After `stop`: everything has ended. This is the last event.
  };

  Kind kind = Kind::woken;
  CloseReason reason = CloseReason::lost;
  std::uint64_t pushes = 0;
  std::shared_ptr<const Cause> failure{};
  std::uint64_t credentials = 0;  ///< The number of the credentials that were refused.
};

/// The events of one step, in order.
class LinkEvents {
 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const LinkEvent* begin() const noexcept { return events_.data(); }
  [[nodiscard]] const LinkEvent* end() const noexcept { return events_.data() + size_; }
  void add(LinkEvent event) noexcept { events_[size_++] = std::move(event); }

 private:
  std::array<LinkEvent, 2> events_{};  // pushes, and one other event
  std::size_t size_ = 0;
};

}  // namespace redstart::inline v0::protocol
