// SPDX-License-Identifier: Apache-2.0
// inspection.hpp: examines a server over a connection outside the pool.
#pragma once

#include "server.hpp"

#include <redstart/observe/connection_report.hpp>

namespace redstart::inline v0::pool {

/// Connects, reads INFO, tries whether writes are accepted, and closes the connection, until `deadline` at
/// the latest. Nothing of it is counted; the identity that INFO reports is kept. Waits.
[[nodiscard]] ConnectionReport inspect(Server& server, TimePoint deadline);

}  // namespace redstart::inline v0::pool
