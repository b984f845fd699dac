// SPDX-License-Identifier: Apache-2.0
// outcome.hpp: results of connect attempts and exchanges, and how they are made.
#pragma once

#include "../protocol/not_ready.hpp"
#include "../resp/scanner.hpp"
#include "socket.hpp"

#include <redstart/core/errc.hpp>
#include <redstart/observe/stats.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::inline v0::net {

/// Extends the errno values: the server has closed the connection.
inline constexpr int end_of_stream = -1;

/// Why a connection could not be opened.
struct OpenFailure {
  Errc code = Errc::connect_failed;
  Remedy remedy = Remedy::retry;
  std::string what{};
  std::string server{};
  std::string_view advice{};  ///< Where to look; empty: the advice of `code`. Has static lifetime.
};

/// The result of an exchange.
struct Outcome {
  enum class Kind : std::uint8_t {
    answered,  ///< The reply was delivered.
    refused,   ///< The server answered with an error: `text`.
    broken,    ///< No reply, because of `code`, `effect` and `text`. The connection must be closed.
  };
  Kind kind = Kind::answered;
  Errc code = Errc::server_error;
  Effect effect = Effect::none;
  CloseReason reason = CloseReason::lost;
  bool reusable = true;
  std::string text{};
  TimePoint end{};
};

/// The outcome of an exchange that ended with `error`: an errno value or `end_of_stream`.
[[nodiscard]] Outcome broken_by(int error, bool interrupted, Effect effect);
/// The outcome of an exchange whose deadline had passed before sending.
[[nodiscard]] Outcome deadline_passed();
/// The outcome of an exchange in which `bytes` were received that are not RESP.
[[nodiscard]] Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes);
/// The failure of a handshake in which `bytes` were received that are not RESP. If a password was sent, the
/// text contains none of the bytes, because a peer may echo it.
[[nodiscard]] OpenFailure not_resp_in_handshake(const resp::Scanner& scanner, std::string_view bytes,
                                                bool password_was_sent);
/// The outcome after a reply without a command. It applies to everything in flight.
[[nodiscard]] Outcome unsolicited_reply();
/// The reason to close a connection on which an unsolicited message arrived that begins with `first`.
[[nodiscard]] CloseReason unsolicited_reason(char first) noexcept;
/// The failure of a handshake in which the server sent an unsolicited reply.
[[nodiscard]] OpenFailure unsolicited_in_handshake();
/// The failure of a handshake in which the server sent more than `most` bytes.
[[nodiscard]] OpenFailure flood_in_handshake(std::size_t most);
/// The failure of a handshake that ended with `error`: an errno value, EAGAIN at the deadline, or
/// `end_of_stream`. `awaited` is the command without a reply.
[[nodiscard]] OpenFailure handshake_failure(int error, std::string_view awaited);
/// The failure of a handshake with a server that was still loading at the deadline.
[[nodiscard]] OpenFailure still_not_ready(const protocol::NotReady& state);
/// The failure of a TLS handshake that did not end before the deadline.
[[nodiscard]] OpenFailure tls_timeout();
/// The failure of a connect call that ended with errno value `error`.
[[nodiscard]] OpenFailure connect_failure(int error, bool interrupted);

}  // namespace redstart::inline v0::net
