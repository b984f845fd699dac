// SPDX-License-Identifier: Apache-2.0
// make_server.hpp: makes the server of a standalone database.
#pragma once

#include <memory>

#include "pool/server.hpp"

namespace redstart::inline v0::pool {

/// The one server of database `main` of `config`.
inline std::shared_ptr<Server> make_server(RedisConfig config) {
  const DatabaseConfig main = config.database("main");
  return std::make_shared<Server>(std::make_shared<Database>(config, "main", main), main.endpoint);
}

}  // namespace redstart::inline v0::pool
