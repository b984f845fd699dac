// SPDX-License-Identifier: Apache-2.0
// credentials_source.hpp: asks the credentials provider of a database.
#pragma once

#include "../protocol/credentials_renewal.hpp"
#include "../protocol/renewal_schedule.hpp"

#include <redstart/config/credentials.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/failure.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/resilience/random.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace redstart::inline v0::net {

/// Provides the credentials of one database for all its connections. Credentials that expire are kept, and
/// the provider is asked for newer ones ahead of time, on a helper thread. Others are not kept: the provider
/// is asked for each new connection.
///
/// Lifetimes: independent of the database object; a helper thread may release the last reference.
/// Thread safety: full.
class CredentialsSource : public std::enable_shared_from_this<CredentialsSource> {
 public:
  /// Reports an event. Called without a lock.
  using Report = std::function<void(EventKind, std::string_view)>;
  using Provided = protocol::ProvidedCredentials;

  /// `report`: empty if nobody receives events. Preconditions: `provider` is not null.
  explicit CredentialsSource(std::shared_ptr<CredentialsProvider> provider, Report report = {});

  /// Returns the credentials for a new connection: those that are kept, unless they expire soon, else
  /// `ask()`. Sets `failure` if there are none. Blocks as long as the provider does.
  [[nodiscard]] Provided get(std::optional<Cause>& failure);
  /// Asks the provider. Sets `failure` if it throws. Blocks as long as the provider does.
  [[nodiscard]] Provided ask(std::optional<Cause>& failure);

  /// Returns the newest credentials if they are newer than those of this number and have not expired, else
  /// null. Never blocks; also does what `renew_if_due` does.
  [[nodiscard]] std::shared_ptr<const Provided> newer_than(std::uint64_t number, TimePoint now) noexcept;
  /// Asks the provider on a helper thread, if that is due.
  void renew_if_due(TimePoint now) noexcept;
  /// The server has refused the credentials of this number: they are not used for new connections.
  void refused(std::uint64_t number, TimePoint now) noexcept;

 private:
  void start_renewal() noexcept;
  void renew() noexcept;
  void renewal_failed(std::string_view why) noexcept;
  void report(EventKind kind, std::string_view detail) const noexcept;

  const std::shared_ptr<CredentialsProvider> provider_;
  const Report report_;
  std::mutex mutex_{};  // guards the rest; never held while the provider is asked
  protocol::RenewalSchedule schedule_{};
  std::shared_ptr<const Provided> newest_{};  // null if the newest don't expire
  std::uint64_t asked_ = 0;                   // how often the provider was asked
  std::uint64_t given_ = 0;                   // the number of the newest credentials
  Random random_;
};

}  // namespace redstart::inline v0::net
