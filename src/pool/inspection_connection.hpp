// SPDX-License-Identifier: Apache-2.0
// inspection_connection.hpp: a connection outside the pool, for one inspection.
#pragma once

#include "../net/direct_connection.hpp"
#include "server.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::pool {

/// Opens a connection that is not counted and sends commands over it. Breaker and reachability have no
/// influence and learn nothing. It blocks, until the deadline at the latest.
///
/// Thread safety: one thread at a time. Lifetimes: `server` must outlive it.
class InspectionConnection {
 public:
  InspectionConnection(Server& server, TimePoint deadline);

  /// The end of the connect attempt.
  struct Opened {
    bool reachable = false;                ///< The server accepted the connection; with TLS, it was verified.
    std::optional<ConnectStep> reached{};  ///< The last step that succeeded. Empty: none.
    std::chrono::nanoseconds duration{0};
    std::optional<ErrorInfo> problem{};  ///< Why it failed, with advice.
    std::string refused_ping{};          ///< The error that the server sent to PING; the connection is open.
  };
  /// Connects and runs the handshake. A server that is not ready counts as a failure (`Errc::loading`).
  [[nodiscard]] Opened open();

  /// The end of one exchange.
  struct Answer {
    std::string text{};                  ///< The reply, if it is a string or a number.
    std::string refused{};               ///< The message of the server if it replied with an error.
    std::optional<ErrorInfo> problem{};  ///< No reply: the connection can't be used any more.
    std::chrono::nanoseconds duration{0};

    [[nodiscard]] bool answered() const noexcept { return !problem && refused.empty(); }
  };
  /// Sends an encoded command.
  [[nodiscard]] Answer query(std::string_view bytes);

 private:
  Server& server_;
  const TimePoint deadline_;
  net::DirectConnection connection_;
};

}  // namespace redstart::inline v0::pool
