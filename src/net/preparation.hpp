// SPDX-License-Identifier: Apache-2.0
// preparation.hpp: what an attempt to connect needs beside a socket: addresses, credentials, a TLS context.
#pragma once

#include "../protocol/handshake_fsm.hpp"
#include "outcome.hpp"
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

/// What was found out for one attempt: there is a failure, or there are addresses.
struct Prepared {
  Resolved resolved{};
  std::shared_ptr<const TlsContext> tls{};  ///< Null: plain.
  Credentials credentials{};                ///< Empty without a provider.
  std::optional<OpenFailure> failure{};     ///< The attempt has failed.
};

/// What a preparation waits for: files of certificates, the credentials provider, the lookup of a name.
enum class Awaited : std::uint8_t { files, provider, lookup };
/// How far one has come; the helper thread moves it on.
using Progress = std::shared_ptr<std::atomic<Awaited>>;
[[nodiscard]] inline Progress new_progress() {
  return std::make_shared<std::atomic<Awaited>>(Awaited::lookup);
}
/// Why a preparation that did not end in time has failed.
[[nodiscard]] OpenFailure not_in_time(Awaited awaited);

/// Asks files, credentials provider and name server for all connections of one database: one preparation at a
/// time, which all attempts that need an answer join. What was asked may hang, and can't be interrupted: then
/// a second preparation follows after a second, a third after two more, and so on, each after twice the time.
/// So the helper threads stay few, however many attempts there are and however long it hangs.
///
/// Thread safety: full. Helper threads may use it last.
class Preparer : public std::enable_shared_from_this<Preparer> {
 public:
  using Done = std::function<void(Prepared)>;
  /// The answer comes as long as somebody holds this.
  using Subscription = std::shared_ptr<const Done>;

  /// `tls`: null for plain connections.
  explicit Preparer(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls = nullptr);

  /// Context, credentials and addresses: calls `done` once, at once where nothing can block, else on a helper
  /// thread, maybe never. Nothing that `done` holds may need the caller's thread to be freed. `progress`
  /// becomes that of the preparation.
  [[nodiscard]] Subscription prepare(TimePoint now, Progress& progress, Done done);
  /// The provider once more; its answer stands in `credentials`.
  [[nodiscard]] Subscription ask_again(TimePoint now, Done done);

  /// The same for callers that wait: until it is done, until the deadline, or for a moment longer than until
  /// `interrupted`. The helper then ends by itself.
  [[nodiscard]] Prepared prepare(TimePoint deadline, const std::function<bool()>& interrupted);
  [[nodiscard]] Prepared ask_again(TimePoint deadline, const std::function<bool()>& interrupted);

 private:
  // Somebody is being asked, on a helper thread.
  struct Preparation {
    TimePoint began{};
    Progress progress = new_progress();
    std::vector<std::weak_ptr<const Done>> waiting{};
  };
  // Questions of one kind, one after the other.
  struct Series {
    std::shared_ptr<Preparation> current{};
    Clock::duration patience = first_patience;  // after which the current one is taken to hang
  };
  static constexpr Clock::duration first_patience = std::chrono::seconds(1);

  // Null: the subscriber has joined a preparation under way.
  [[nodiscard]] std::shared_ptr<Preparation> join(Series& series, TimePoint now,
                                                  const Subscription& subscriber, Progress* progress);
  void answer(Series& series, const std::shared_ptr<Preparation>& preparation, const Prepared& prepared);

  const std::shared_ptr<TlsSource> tls_;
  const std::shared_ptr<CredentialsProvider> provider_;
  const Endpoint endpoint_;
  std::mutex mutex_{};
  Series preparations_{};
  Series renewals_{};
};

/// What the handshake of a new connection needs to know; refers to both arguments.
[[nodiscard]] protocol::HandshakeSettings handshake_settings(const DatabaseConfig& config,
                                                             const std::string& client_name);

/// True when the server refused the password, and not the user or his rights: another one may be right.
[[nodiscard]] bool wrong_password(Errc code, std::string_view server) noexcept;

}  // namespace redstart::inline v0::net
