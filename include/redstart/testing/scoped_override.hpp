// SPDX-License-Identifier: Apache-2.0
// scoped_override.hpp: replaces the process-wide manager during a test.
#pragma once

#include <redstart/manager/redis_connection_manager.hpp>

namespace redstart::inline v0::testing {

/// Makes `RedisConnectionManager::instance()` return the given manager during its lifetime. Overrides nest.
///
/// Thread safety: construct and destroy it while no other thread calls `instance()`.
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
