// SPDX-License-Identifier: Apache-2.0
// inspection.hpp: examines a server over a connection outside the pool.
#pragma once

#include "server.hpp"

#include <redstart/observe/connection_report.hpp>

namespace redstart::inline v0::pool {

/// Connects, asks the server about itself and whether it takes writes, and closes the connection again; at
/// most until `deadline`. Nothing of it is counted; the identity that INFO
/// reports is kept. Waits.
[[nodiscard]] ConnectionReport inspect(Server& server, TimePoint deadline);

}  // namespace redstart::inline v0::pool
