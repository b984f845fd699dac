// SPDX-License-Identifier: Apache-2.0
// outcome.hpp: how opening a connection, or an exchange on one, can end.
#pragma once

#include "../resp/scanner.hpp"
#include "socket.hpp"

#include <redstart/core/errc.hpp>
#include <redstart/observe/stats.hpp>
#include <redstart/protocol/not_ready.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::net {

/// Beside the errno values: the server has closed the connection.
inline constexpr int end_of_stream = -1;

/// Why a connection could not be opened.
struct OpenFailure {
  Errc code = Errc::connect_failed;
  Remedy remedy = Remedy::retry;
  std::string what{};
  std::string server{};
  std::string_view advice{};  ///< What to do; empty: what the code suggests. Lives without end.
};

/// How an exchange went.
struct Outcome {
  enum class Kind : std::uint8_t {
    answered,  ///< The reply was delivered.
    refused,   ///< The server answered with an error: `text`.
    broken,    ///< No reply: `code`, `effect` and `text` say why. The connection is not to be used again.
  };
  Kind kind = Kind::answered;
  Errc code = Errc::server_error;
  Effect effect = Effect::none;
  CloseReason reason = CloseReason::lost;
  bool reusable = true;
  std::string text{};
  Time end{};
};

/// The outcome of an exchange that `error` ended: an errno value or `end_of_stream`.
[[nodiscard]] Outcome broken_by(int error, bool interrupted, Effect effect);
/// The outcome of an exchange whose deadline had passed before it began.
[[nodiscard]] Outcome too_late();
/// The outcome of an exchange in which `bytes` came that are not RESP.
[[nodiscard]] Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes);
/// The same in a handshake, for a peer that may repeat what was sent: none of its bytes are told where a
/// password was.
[[nodiscard]] OpenFailure not_resp_in_handshake(const resp::Scanner& scanner, std::string_view bytes,
                                                bool password_was_sent);
/// The outcome of an exchange, or of the rest of a connection, after a reply that no command had asked for.
[[nodiscard]] Outcome unasked_reply();
/// Why a connection is closed on which something came unasked that begins with this byte.
[[nodiscard]] CloseReason unasked(char first) noexcept;
/// Why a handshake is given up: the server answers what it was not asked.
[[nodiscard]] OpenFailure unasked_in_handshake();
/// The same: the server sends more than any answer to a handshake takes.
[[nodiscard]] OpenFailure flood_in_handshake(std::size_t most);
/// Why a handshake did not end: an errno value, EAGAIN at its deadline, or `end_of_stream`. `awaited` is the
/// command that was not answered.
[[nodiscard]] OpenFailure handshake_failure(int error, std::string_view awaited);
/// The same where the server was not ready yet at the deadline.
[[nodiscard]] OpenFailure still_not_ready(const protocol::NotReady& state);
/// Why a TLS handshake did not end: the time was over.
[[nodiscard]] OpenFailure tls_timeout();
/// Why connecting failed, from an errno value.
[[nodiscard]] OpenFailure connect_failure(int error, bool interrupted);

}  // namespace redstart::net
