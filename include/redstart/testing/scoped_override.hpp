// SPDX-License-Identifier: Apache-2.0
// scoped_override.hpp: puts a manager of a test in the place of the process-wide one.
#pragma once

#include <redstart/manager/redis_connection_manager.hpp>

namespace redstart::inline v0::testing {

/// While it lives, `RedisConnectionManager::instance()` is the given manager. Overrides nest.
///
/// Thread safety: make and destroy them while no other thread asks for the instance.
class ScopedOverride {
 public:
  explicit ScopedOverride(RedisConnectionManager& manager) noexcept;
  ~ScopedOverride();
  ScopedOverride(const ScopedOverride&) = delete;
  ScopedOverride& operator=(const ScopedOverride&) = delete;

 private:
  RedisConnectionManager* before_;
};

}  // namespace redstart::inline v0::testing
