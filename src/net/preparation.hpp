// SPDX-License-Identifier: Apache-2.0
// preparation.hpp: what an attempt to connect needs beside a socket: addresses, credentials, a TLS context.
#pragma once

#include "outcome.hpp"
#include "resolver.hpp"
#include "tls_source.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/protocol/handshake_fsm.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace redstart::net {

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

/// Context, credentials and addresses: calls `done` once, at once where nothing can block, else on a helper
/// thread, maybe never. Nothing that `done` holds may need the caller's thread to be freed. What the helper
/// uses lives as long as it does. `tls`: null for a plain connection.
void prepare(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls, const Progress& progress,
             std::function<void(Prepared)> done);
/// The provider once more, on a helper thread; its answer stands in `credentials`.
void ask_again(std::shared_ptr<CredentialsProvider> provider, std::function<void(Prepared)> done);

/// The same for callers that wait: until it is done, until the deadline, or for a moment longer than until
/// `interrupted`. The helper then ends by itself.
[[nodiscard]] Prepared prepare(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls, Time deadline,
                               const std::function<bool()>& interrupted);
[[nodiscard]] Prepared ask_again(std::shared_ptr<CredentialsProvider> provider, Time deadline,
                                 const std::function<bool()>& interrupted);

/// What the handshake of a new connection needs to know; refers to both arguments.
[[nodiscard]] protocol::HandshakeSettings handshake_settings(const DatabaseConfig& config,
                                                             const std::string& client_name);

/// True when the server refused the password, and not the user or his rights: another one may be right.
[[nodiscard]] bool wrong_password(Errc code, std::string_view server) noexcept;

}  // namespace redstart::net
