// SPDX-License-Identifier: Apache-2.0
// address_rounds.hpp: which address of a server is tried next, and for how long.
#pragma once

#include "socket.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

/// The attempts to connect to one of several addresses within one budget of time: one after the other, each
/// with its share, and again those that did not answer, while there is time. No clock, no socket.
class AddressRounds {
 public:
  /// Kernels repeat a lost SYN later and later: after 1, 3 and 7 s, since Linux 6.5 each second at first. New
  /// attempts come sooner, so that who comes back is found within a second, a pause between attempts
  /// included.
  static constexpr std::chrono::milliseconds limit{750};
  /// What is left of the time after the first round is not cut up any more: for lines on which an answer
  /// takes longer.
  static constexpr std::chrono::seconds last{2};

  struct ConnectAttempt {
    std::size_t address = 0;  ///< Its index.
    TimePoint until{};        ///< When it is to be given up.
  };

  AddressRounds() = default;
  /// Preconditions: `addresses` is not 0.
  AddressRounds(std::size_t addresses, TimePoint deadline) : round_(addresses), deadline_(deadline) {
    std::iota(round_.begin(), round_.end(), std::size_t{0});
  }

  /// The next attempt; none: connecting has failed, with `error()`.
  [[nodiscard]] std::optional<ConnectAttempt> next(TimePoint now) noexcept {
    if (next_ == round_.size()) {
      round_.resize(std::exchange(unanswered_, 0));
      next_ = 0;
      patient_ = deadline_ - now <= last;
    }
    if (round_.empty() || now >= deadline_) return std::nullopt;
    const auto share = (deadline_ - now) / static_cast<Clock::rep>(round_.size() - next_);
    return ConnectAttempt{round_[next_++],
                          now + (patient_ ? share : std::min<Clock::duration>(share, limit))};
  }

  /// The attempt has failed with this errno value; ETIMEDOUT: nobody answered, which is worth another round.
  void failed(int error) noexcept {
    error_ = error;
    if (error == ETIMEDOUT) round_[unanswered_++] = round_[next_ - 1];
  }

  /// Of the last attempt.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  std::vector<std::size_t> round_{};  // what it tries; the first `unanswered_` are the next round
  TimePoint deadline_{};
  std::size_t next_ = 0;
  std::size_t unanswered_ = 0;
  bool patient_ = false;
  int error_ = ETIMEDOUT;
};

}  // namespace redstart::inline v0::net
