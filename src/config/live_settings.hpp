// SPDX-License-Identifier: Apache-2.0
// live_settings.hpp: the settings of a database, which a reload replaces.
#pragma once

#include <redstart/config/redis_config.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// The settings of a database in all versions that were in effect. Readers pay one load and need no lock: a
/// version that they refer to lives as long as this object. A version takes about 2 KB, so keep only those
/// that differ.
///
/// Thread safety: full.
class LiveSettings {
 public:
  explicit LiveSettings(DatabaseConfig first) { replace(std::move(first)); }
  LiveSettings(const LiveSettings&) = delete;
  LiveSettings& operator=(const LiveSettings&) = delete;

  /// The settings in effect. The reference stays valid, also after `replace`.
  [[nodiscard]] const DatabaseConfig& now() const noexcept { return *now_.load(std::memory_order_acquire); }

  void replace(DatabaseConfig next) {
    const std::scoped_lock lock(mutex_);
    versions_.push_back(std::make_unique<const DatabaseConfig>(std::move(next)));
    now_.store(versions_.back().get(), std::memory_order_release);
  }

 private:
  std::mutex mutex_{};
  std::vector<std::unique_ptr<const DatabaseConfig>> versions_{};
  std::atomic<const DatabaseConfig*> now_{nullptr};
};

}  // namespace redstart::inline v0
