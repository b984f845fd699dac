// SPDX-License-Identifier: Apache-2.0
// credentials_renewal.hpp: decides when a connection authenticates again.
#pragma once

#include <redstart/config/credentials.hpp>
#include <redstart/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace redstart::inline v0::protocol {

/// How long credentials are valid, and from which call of the provider they are.
struct CredentialsTerm {
  std::uint64_t number = 0;  ///< Counts the calls of the provider, from 1. 0: not from a provider.
  TimePoint asked{};         ///< When the provider was called.
  std::chrono::milliseconds lifetime{0};  ///< From `asked` on. 0: indefinitely.

  [[nodiscard]] bool ends() const noexcept { return lifetime.count() != 0; }
  /// Returns the end of the term.
  [[nodiscard]] TimePoint end() const noexcept {
    return ends() ? deadline_after(asked, lifetime) : TimePoint::max();
  }
  /// Returns the time at which `share` of the lifetime has passed.
  [[nodiscard]] TimePoint at(double share) const noexcept {
    if (!ends()) return TimePoint::max();
    return deadline_after(asked, std::chrono::duration<double, std::milli>(share * count()));
  }
  /// Returns a part of the lifetime, limited to `least` … `most`.
  [[nodiscard]] std::chrono::milliseconds part(double share, std::chrono::milliseconds least,
                                               std::chrono::milliseconds most) const noexcept {
    const std::chrono::duration<double, std::milli> exact(share * count());
    return std::clamp(bounded<std::chrono::milliseconds>(exact), least, most);
  }

 private:
  [[nodiscard]] double count() const noexcept { return static_cast<double>(lifetime.count()); }
};

/// Credentials of a provider, with their term.
struct ProvidedCredentials {
  Credentials credentials{};
  CredentialsTerm term{};
};

/// Returns the term of credentials that the call `number` of the provider, begun at `asked`, has returned.
[[nodiscard]] inline CredentialsTerm term_of(const Credentials& credentials, std::uint64_t number,
                                             TimePoint asked) noexcept {
  constexpr std::chrono::milliseconds shortest(100);
  CredentialsTerm term{number, asked, {}};
  if (credentials.refresh_after) term.lifetime = std::clamp(*credentials.refresh_after, shortest, no_limit);
  return term;
}

/// Decides when one connection looks for newer credentials. The first time is after 72 to 88 % of their
/// lifetime, so that the connections of a pool don't authenticate at the same moment, and time is left for
/// another attempt. While there are none, it looks again after a fiftieth of the lifetime, at most 1 s.
///
/// Pure. Thread safety: none.
class CredentialsRenewal {
 public:
  /// A connection whose credentials never expire.
  CredentialsRenewal() = default;
  /// A connection that has authenticated with credentials of this term. `random` in [0, 1).
  CredentialsRenewal(const CredentialsTerm& term, double random) noexcept : random_(random) {
    authenticated(term);
  }

  /// The connection has authenticated with credentials of this term.
  void authenticated(const CredentialsTerm& term) noexcept {
    constexpr double earliest = 0.72;
    constexpr double spread = 0.16;
    term_ = term;
    due_ = term.at(earliest + spread * random_);
  }
  /// There are no newer credentials, or they can't be sent now.
  void postpone(TimePoint now) noexcept {
    constexpr std::chrono::milliseconds least(5);
    constexpr std::chrono::milliseconds most(1000);
    const TimePoint next = deadline_after(now, term_.part(0.02, least, most));
    due_ = now < term_.end() ? std::min(next, term_.end()) : next;
  }
  /// The connection will not authenticate again: it is going to be closed.
  void end() noexcept { due_ = TimePoint::max(); }

  /// When to look for newer credentials. `TimePoint::max()`: never.
  [[nodiscard]] TimePoint due() const noexcept { return due_; }
  /// True if the credentials have expired and `end` was not called.
  [[nodiscard]] bool expired(TimePoint now) const noexcept {
    return now >= term_.end() && due_ != TimePoint::max();
  }
  /// The number of the credentials.
  [[nodiscard]] std::uint64_t number() const noexcept { return term_.number; }

 private:
  CredentialsTerm term_{};
  double random_ = 0.5;
  TimePoint due_ = TimePoint::max();
};

}  // namespace redstart::inline v0::protocol
