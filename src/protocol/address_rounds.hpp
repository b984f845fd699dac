// SPDX-License-Identifier: Apache-2.0
// address_rounds.hpp: chooses the next address to connect to, and its time limit.
#pragma once

#include <redstart/core/clock.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace redstart::inline v0::protocol {

/// Plans connect attempts to several addresses within one deadline. Addresses are tried one after the other,
/// each with its share of the time. Those that did not answer are tried again while there is time. Uses no
/// clock and no socket.
class AddressRounds {
 public:
  /// Time limit of one attempt in the first round. Kernels repeat a lost SYN after 1, 3 and 7 s; since
  /// Linux 6.5 each second at first. With this limit, a server that comes back is reached within a second,
  /// including the pause between attempts.
  static constexpr std::chrono::milliseconds limit{750};
  /// If this much time or less is left after a round, `limit` no longer applies, so that slow networks get an
  /// answer too.
  static constexpr std::chrono::seconds last{2};

  struct ConnectAttempt {
    std::size_t address = 0;  ///< Index of the address.
    TimePoint until{};        ///< The attempt ends at this time.
  };

  AddressRounds() = default;
  /// Preconditions: `addresses` is not 0.
  AddressRounds(std::size_t addresses, TimePoint deadline) : round_(addresses), deadline_(deadline) {
    std::iota(round_.begin(), round_.end(), std::size_t{0});
  }

  /// Returns the next attempt. None: connecting has failed, with `error()`.
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

  /// The attempt failed with this errno value. After ETIMEDOUT, the address is tried again in the next round.
  void failed(int error) noexcept {
    error_ = error;
    if (error == ETIMEDOUT) round_[unanswered_++] = round_[next_ - 1];
  }

  /// The errno value of the last attempt.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  std::vector<std::size_t> round_{};  // addresses to try; the first `unanswered_` are those of the next round
  TimePoint deadline_{};
  std::size_t next_ = 0;
  std::size_t unanswered_ = 0;
  bool patient_ = false;
  int error_ = ETIMEDOUT;
};

}  // namespace redstart::inline v0::protocol
