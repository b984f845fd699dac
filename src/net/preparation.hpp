// SPDX-License-Identifier: Apache-2.0
// preparation.hpp: gets addresses, credentials and a TLS context for connect attempts.
#pragma once

#include "../protocol/opening_fsm.hpp"
#include "credentials_source.hpp"
#include "resolver.hpp"
#include "tls_source.hpp"

#include <redstart/config/redis_config.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::net {

/// The result of a preparation: a failure, or at least one address.
struct Prepared {
  Resolved resolved{};
  std::shared_ptr<const TlsContext> tls{};  ///< Null: plain.
  Credentials credentials{};                ///< Empty if the database has no credentials provider.
  protocol::CredentialsTerm term{};         ///< Of the credentials.
  std::optional<Cause> failure{};           ///< If set, the attempt has failed.
};

using protocol::PreparationStep;
/// The current step of one preparation. The helper thread writes it.
using Progress = std::shared_ptr<std::atomic<PreparationStep>>;
[[nodiscard]] inline Progress new_progress() {
  return std::make_shared<std::atomic<PreparationStep>>(PreparationStep::lookup);
}
/// Returns what the machine of a connect attempt needs of a preparation. Takes credentials and failure.
[[nodiscard]] protocol::OpeningFsm::Preparation take_facts(Prepared& prepared);

/// Reads TLS files, asks the credentials provider and resolves the name for all connections of one database.
///
/// Attempts join the preparation that is running. A file system, provider or resolver can hang and can't be
/// interrupted: if the running preparation takes more than 1 s, the next attempt starts another one. That
/// limit doubles each time, so that the number of helper threads stays small, whatever the number of
/// attempts.
///
/// Lifetimes: a helper thread may release the last reference.
/// Thread safety: full.
class Preparer : public std::enable_shared_from_this<Preparer> {
 public:
  using Done = std::function<void(Prepared)>;
  /// Keeps a request alive: if the caller releases it, `done` is not called.
  using Subscription = std::shared_ptr<const Done>;

  /// `tls`: null for plain connections. `credentials`: null if the database has no provider, or if nothing
  /// else uses the source.
  explicit Preparer(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls = nullptr,
                    std::shared_ptr<CredentialsSource> credentials = nullptr);

  /// Gets TLS context, credentials and addresses, and calls `done` at most once. If nothing can block, the
  /// call is made before this function returns, else on a helper thread. It never comes if a step hangs.
  /// `progress` becomes that of the preparation.
  ///
  /// Lifetimes: `done` may be destroyed on any thread.
  [[nodiscard]] Subscription prepare(TimePoint now, Progress& progress, Done done);
  /// Asks the provider again, as `prepare` does; only credentials, term and failure of the result are set.
  [[nodiscard]] Subscription renew_credentials(TimePoint now, Done done);

  /// Blocking forms of the two functions above. They return when the result is there, at the deadline, or up
  /// to 20 ms after `interrupted` has become true. A helper thread that still runs ends by itself.
  [[nodiscard]] Prepared prepare(TimePoint deadline, const std::function<bool()>& interrupted);
  [[nodiscard]] Prepared renew_credentials(TimePoint deadline, const std::function<bool()>& interrupted);
  /// Null if the database has no credentials provider.
  [[nodiscard]] const std::shared_ptr<CredentialsSource>& credentials() const noexcept {
    return credentials_;
  }

 private:
  // One preparation on a helper thread, and the attempts that have joined it.
  struct Preparation {
    TimePoint began{};
    Progress progress = new_progress();
    std::vector<std::weak_ptr<const Done>> waiting{};
  };
  // The preparations of one kind: whole ones, or renewals of credentials.
  struct Series {
    std::shared_ptr<Preparation> current{};
    Clock::duration patience = first_patience;  // after this time the current one counts as hanging
  };
  static constexpr Clock::duration first_patience = std::chrono::seconds(1);

  // Returns a preparation that the caller must start, or null if the subscriber has joined a running one.
  [[nodiscard]] std::shared_ptr<Preparation> join(Series& series, TimePoint now,
                                                  const Subscription& subscriber, Progress* progress);
  void answer(Series& series, const std::shared_ptr<Preparation>& preparation, const Prepared& prepared);

  const std::shared_ptr<TlsSource> tls_;
  const std::shared_ptr<CredentialsSource> credentials_;
  const Endpoint endpoint_;
  std::mutex mutex_{};
  Series preparations_{};
  Series renewals_{};
};

}  // namespace redstart::inline v0::net
