// SPDX-License-Identifier: Apache-2.0
// preparation.hpp: what an attempt to connect needs beside a socket: addresses, credentials, a TLS context.
#pragma once

#include "outcome.hpp"
#include "resolver.hpp"
#include "tls_source.hpp"

#include <redstart/config/redis_config.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace redstart::net {

/// What was found out for one attempt.
struct Prepared {
  Resolved resolved{};
  std::shared_ptr<const TlsContext> tls{};  ///< Null: plain.
  Credentials credentials{};                ///< Empty without a provider.
  std::optional<OpenFailure> failure{};     ///< The attempt has failed.
};

/// The provider's answer, or why there is none; what it throws is shown as it is. Blocks as long as it does.
[[nodiscard]] std::optional<OpenFailure> ask(CredentialsProvider& provider, Credentials& into);

/// The TLS context and the credentials, on this thread. `tls`: null for a plain connection.
[[nodiscard]] Prepared prepare_here(const DatabaseConfig& config, TlsSource* tls);

/// All of it without waiting: calls `done` once, at once where nothing can block, else on a helper thread,
/// maybe never. Nothing that `done` holds may need the caller's thread to be freed.
void prepare(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls,
             std::function<void(Prepared)> done);

/// The provider once more, on a helper thread; its answer stands in `credentials`.
void ask_again(std::shared_ptr<CredentialsProvider> provider, std::function<void(Prepared)> done);

/// True when the server refused the password, and not the user or his rights: another one may be right.
[[nodiscard]] bool wrong_password(Errc code, std::string_view server) noexcept;

}  // namespace redstart::net
