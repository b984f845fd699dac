// SPDX-License-Identifier: Apache-2.0
// failures.hpp: composes the texts of errors, from errno to exception.
#pragma once

#include <redstart/core/failure.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::inline v0::failure {

/// Used like an errno value: the peer closed the connection.
inline constexpr int end_of_stream = -1;

/// Returns the advice of a code, for errors without their own.
[[nodiscard]] constexpr std::string_view advice_for(Errc code) noexcept {
  const ErrcInfo* const row = errc_info(code);
  return row != nullptr ? row->advice : std::string_view();
}

/// Returns advice for an error word of the server. `docs/runbook.md` has more.
[[nodiscard]] std::string_view advice_for(std::string_view word) noexcept;
/// Returns advice for an error of a cluster node; empty for all other messages.
[[nodiscard]] std::string_view cluster_advice(std::string_view message) noexcept;

/// The system's text for an errno value.
[[nodiscard]] std::string error_text(int error);

// Before a connection is ready. The effect is `not_sent`.

/// Connecting failed. `error`: an errno value.
[[nodiscard]] Cause not_connected(int error);
/// A shutdown ended the attempt.
[[nodiscard]] Cause interrupted(Effect effect = Effect::not_sent);
/// This process lacks memory, threads or descriptors.
[[nodiscard]] Cause out_of_resources(std::string why);
[[nodiscard]] Cause no_thread(std::string_view why);
[[nodiscard]] Cause not_resolved(std::string why);
[[nodiscard]] Cause lookup_timeout();
[[nodiscard]] Cause tls_files_timeout();
[[nodiscard]] Cause provider_timeout();
/// The credentials provider threw `thrown`: a type, since its message may hold the secret.
[[nodiscard]] Cause provider_threw(std::string_view thrown);
/// The server answered AUTH on an open connection with the error `server`.
[[nodiscard]] Cause authentication_refused(std::string server);
/// The credentials of an open connection have expired, and the provider has returned no newer ones.
[[nodiscard]] Cause credentials_expired();
[[nodiscard]] Cause handshakes_busy();

[[nodiscard]] Cause tls_timeout();
[[nodiscard]] Cause tls_failed(std::string why);
/// The files that the TLS settings name are unusable.
[[nodiscard]] Cause tls_files_unusable(std::string why);
[[nodiscard]] Cause certificate_untrusted(std::string_view why);
/// The connection ended after the server had requested a client certificate.
[[nodiscard]] Cause certificate_requested(int error);
[[nodiscard]] Cause tls_lost(int error);

/// The handshake did not complete. `error`: an errno value, EAGAIN at its deadline, or `end_of_stream`.
/// `awaited`: the command that was not answered.
[[nodiscard]] Cause handshake_lost(int error, std::string_view awaited);
/// The server was not ready at the deadline; `state` describes it.
[[nodiscard]] Cause not_ready(std::string state);
/// The peer's answer to the handshake is not RESP. It may repeat what was sent: its bytes are not shown if a
/// password was.
[[nodiscard]] Cause not_resp_in_handshake(std::string_view fault, std::string_view bytes,
                                          std::string_view near, bool password_was_sent);
[[nodiscard]] Cause unsolicited_in_handshake();
[[nodiscard]] Cause flood_in_handshake(std::size_t most);

/// Connections close, or lose their session, before they answered a command.
[[nodiscard]] Cause session_dropped();
[[nodiscard]] Cause closed_before_first_answer();

// While commands run.

/// `error` ended the exchange: an errno value, EAGAIN at its deadline, or `end_of_stream`.
[[nodiscard]] Cause lost(int error, Effect effect);
[[nodiscard]] Cause timed_out(Effect effect);
[[nodiscard]] Cause not_sent_in_time();
[[nodiscard]] Cause cancelled(Effect effect);
/// The bytes at `near` are not RESP.
[[nodiscard]] Cause not_resp(std::string_view fault, std::string_view near);
[[nodiscard]] Cause unsolicited_reply();
[[nodiscard]] Cause too_many_pushes();
/// The integrity check failed.
[[nodiscard]] Cause shifted_replies();
[[nodiscard]] Cause silent_for(std::chrono::milliseconds time);
/// The pool closes a connection whose command was given up.
[[nodiscard]] Cause closed_after_give_up();

// Answers of the pool. The effect is `not_sent`, unless an argument gives another one.

[[nodiscard]] Cause closed();
[[nodiscard]] Cause forked();
/// The time limit of a call had expired before it began.
[[nodiscard]] Cause expired();
/// `status` describes the circuit breaker. `forced_open`: it stays open until somebody calls `automatic()`.
[[nodiscard]] Cause circuit_open(std::string_view status, std::string_view database, bool forced_open);
[[nodiscard]] Cause all_connections_in_use(std::size_t connections);
/// All `working` connections were in use, and another one could not be opened because of `why`.
[[nodiscard]] Cause working_connections_in_use(std::size_t working, const Cause& why);
/// The last connect attempt failed because of `why`, and the next one is not due.
[[nodiscard]] Cause failed_before(Cause why);
[[nodiscard]] Cause unavailable();
[[nodiscard]] Cause not_connectable(std::string_view why);
[[nodiscard]] Cause would_deadlock();
[[nodiscard]] Cause scoped_connection_lost();
[[nodiscard]] Cause scoped_handle_used_twice();
[[nodiscard]] Cause still_loading();
[[nodiscard]] Cause no_memory_for_reply();
/// The I/O thread gave no sign of life until the deadline of a call.
[[nodiscard]] Cause io_thread_stuck(Effect effect);

struct Pending {
  std::size_t commands;
  std::size_t bytes;
  std::size_t given_up;
  std::size_t most_commands;
  std::size_t most_bytes;
};
[[nodiscard]] Cause overloaded(const Pending& pending);

// Answers of the manager.

/// `nearest`: the configured name that is most like it; may be empty.
[[nodiscard]] Cause unknown_database(std::string_view name, std::string_view nearest);
[[nodiscard]] Cause not_started();
[[nodiscard]] Cause started_before();
/// `most` inspections are under way.
[[nodiscard]] Cause too_many_inspections(std::size_t most);

}  // namespace redstart::inline v0::failure
