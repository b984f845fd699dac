// SPDX-License-Identifier: Apache-2.0
// inspection.hpp: a close look at a database, past its pool.
#pragma once

#include "database.hpp"

#include <redstart/observe/connection_report.hpp>

namespace redstart::inline v0::pool {

/// Connects, asks the server about itself and whether it takes writes, and closes the connection again; at
/// most until `deadline`. Nothing of it is counted. Waits.
[[nodiscard]] ConnectionReport inspect(const Database& database, TimePoint deadline);

}  // namespace redstart::inline v0::pool
