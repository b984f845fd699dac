// SPDX-License-Identifier: Apache-2.0
// direct_renewal.hpp: authenticates a direct connection again before a command.
#pragma once

#include "../net/direct_connection.hpp"
#include "server.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/observe/stats.hpp>

#include <cstdint>

namespace redstart::inline v0::pool {

/// The result of `renew_credentials`.
struct DirectRenewal {
  enum class Kind : std::uint8_t {
    valid,    ///< The connection can be used: it has authenticated again, or its credentials are valid still.
    expired,  ///< Its credentials have expired, or newer ones were refused. Close it after its work.
    broken,   ///< The exchange of AUTH has failed. Close it for `reason`.
  };
  Kind kind = Kind::valid;
  CloseReason reason = CloseReason::credentials;
};

/// Looks for newer credentials, and sends AUTH if there are any. Waits for the reply for at most
/// `timeouts.health` and half of the time until `deadline`. Updates `now`. Emits the event if the connection
/// can't authenticate again.
///
/// Preconditions: `connection.renewal().due() <= now`; nothing is in flight on it, and it is in no
/// transaction.
[[nodiscard]] DirectRenewal renew_credentials(const Server& server, net::DirectConnection& connection,
                                              TimePoint& now, TimePoint deadline) noexcept;

}  // namespace redstart::inline v0::pool
