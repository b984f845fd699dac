// SPDX-License-Identifier: Apache-2.0
// outcome.hpp: how an exchange on a connection can end.
#pragma once

#include "../core/failures.hpp"
#include "../resp/scanner.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>
#include <redstart/observe/stats.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::inline v0::protocol {

using failure::end_of_stream;

/// The result of an exchange.
struct Outcome : Failure {
  enum class Kind : std::uint8_t {
    answered,     ///< The reply was delivered.
    error_reply,  ///< The server replied with an error: `text`.
    broken,  ///< No reply; code, effect, remedy and `text` describe why. The connection must not be reused.
  };
  Outcome() noexcept : Failure{Errc::server_error, Effect::none, Remedy::retry} {}
  /// A broken exchange.
  Outcome(Cause why, CloseReason closed_for) noexcept
      : Failure(static_cast<const Failure&>(why)),
        kind(Kind::broken),
        reason(closed_for),
        reusable(false),
        text(std::move(why.what)) {}

  /// The error of an exchange that did not succeed.
  [[nodiscard]] Cause cause() const;
  /// `cause`, with the time since `start`.
  [[nodiscard]] ErrorInfo info(TimePoint start) const;

  Kind kind = Kind::answered;
  CloseReason reason = CloseReason::lost;
  bool reusable = true;
  std::string text{};
  TimePoint end{};
};

/// The outcome of an exchange that ended with `error` at `end`: an errno value or `end_of_stream`.
[[nodiscard]] Outcome broken_by(int error, bool interrupted, Effect effect, TimePoint end);
/// The outcome of an exchange whose deadline had passed before sending.
[[nodiscard]] Outcome deadline_passed(TimePoint end);
/// The outcome of an exchange in which `bytes` were received that are not RESP.
[[nodiscard]] Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes, TimePoint end);
/// The failure of a handshake in which `bytes` were received that are not RESP. If a password was sent, the
/// text contains none of the bytes, because a peer may echo it.
[[nodiscard]] Cause not_resp_in_handshake(const resp::Scanner& scanner, std::string_view bytes,
                                          bool password_was_sent);
/// The outcome after a reply without a command. It applies to everything in flight.
[[nodiscard]] Outcome unsolicited_reply(TimePoint end);
/// The reason to close a connection on which an unsolicited message arrived that begins with `first`.
[[nodiscard]] CloseReason unsolicited_reason(char first) noexcept;

}  // namespace redstart::inline v0::protocol
