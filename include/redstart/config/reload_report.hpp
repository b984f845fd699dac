// SPDX-License-Identifier: Apache-2.0
// reload_report.hpp: what a reload of the configuration has changed.
#pragma once

#include <string>
#include <vector>

namespace redstart::inline v0 {

/// One setting that differs between the configuration in use and the one that was given to `reload`.
struct ConfigChange {
  std::string database{};  ///< Empty: a setting of the manager.
  std::string key{};       ///< As in a configuration file: `timeouts.command`. `(new)`: the whole database.
  std::string from{};      ///< Empty: not set. Secrets: `(secret)`.
  std::string to{};
  bool applied = false;  ///< False: it takes a restart.
};

/// The result of `RedisConnectionManager::reload`. Contains no secret.
struct ReloadReport {
  std::vector<ConfigChange> changes{};

  /// True if all changes are in effect, or there are none.
  [[nodiscard]] bool complete() const noexcept;
  /// The changes as text, one in each line: `main: timeouts.command: 5s -> 2s`.
  [[nodiscard]] std::string explain() const;
};

}  // namespace redstart::inline v0
