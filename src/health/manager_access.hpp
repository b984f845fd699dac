// SPDX-License-Identifier: Apache-2.0
// manager_access.hpp: gives health checks access to the servers of a manager.
#pragma once

#include "../manager/running.hpp"

#include <redstart/manager/redis_connection_manager.hpp>

#include <memory>

namespace redstart::inline v0::detail {

/// Friend of RedisConnectionManager.
class ManagerAccess {
 public:
  /// The started manager. Errors: `Errc::not_started`, `Errc::closed`, `Errc::forked`.
  [[nodiscard]] static Result<std::shared_ptr<manager::Running>> running(const RedisConnectionManager& of) {
    return of.running();
  }
};

}  // namespace redstart::inline v0::detail
