// SPDX-License-Identifier: Apache-2.0
// renewal_schedule.hpp: decides when a credentials provider is asked again.
#pragma once

#include "credentials_renewal.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/resilience/backoff.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0::protocol {

/// Decides when the credentials provider of one database is asked for newer credentials: after 60 to 70 % of
/// their lifetime, before the first connection needs them. After a failure it is asked again with growing
/// delays, until the credentials have expired. From then on only new connections ask. If `next` is called
/// late, the provider is asked once nevertheless.
///
/// A call of the provider may hang. After a tenth of the lifetime, at most 1 s, another call starts. That
/// limit doubles each time.
///
/// Pure. Thread safety: none.
class RenewalSchedule {
 public:
  enum class Step : std::uint8_t {
    none,
    ask,        ///< Ask the provider now.
    ask_again,  ///< Like `ask`; an earlier call hangs.
  };

  /// Returns what to do now. A call that it requests counts as begun.
  [[nodiscard]] Step next(TimePoint now) noexcept {
    if (now < next_ || (tried_ && now >= term_.end())) return Step::none;
    const bool hangs = asking_since_ && now >= deadline_after(*asking_since_, patience_);
    if (asking_since_ && !hangs) return Step::none;
    if (hangs) patience_ *= 2;
    asking_since_ = now;
    tried_ = true;
    return hangs ? Step::ask_again : Step::ask;
  }
  /// The provider has returned credentials of this term, for this schedule or for a new connection. `random`
  /// in [0, 1).
  void given(const CredentialsTerm& term, double random) noexcept {
    using std::chrono::milliseconds;
    constexpr double earliest = 0.6;
    constexpr double spread = 0.1;
    term_ = term;
    next_ = term.at(earliest + spread * random);
    asking_since_.reset();
    tried_ = false;
    patience_ = term.part(0.1, milliseconds(10), milliseconds(1000));
    backoff_ = Backoff({term.part(0.01, milliseconds(10), milliseconds(1000)),
                        term.part(0.05, milliseconds(20), milliseconds(10'000)), 2.0, Jitter::equal});
  }
  /// The call that `next` requested has failed.
  void failed(TimePoint now, double random) noexcept {
    asking_since_.reset();
    next_ = deadline_after(now, backoff_.next(random));
  }
  /// The server has refused the newest credentials on an open connection: others are needed soon.
  void refused(TimePoint now, double random) noexcept {
    if (!asking_since_) next_ = deadline_after(now, backoff_.next(random));
  }

 private:
  CredentialsTerm term_{};
  TimePoint next_ = TimePoint::max();
  std::optional<TimePoint> asking_since_{};
  bool tried_ = false;  // the provider was asked for newer credentials than these
  std::chrono::milliseconds patience_{1000};
  Backoff backoff_{};
};

}  // namespace redstart::inline v0::protocol
