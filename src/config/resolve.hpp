// SPDX-License-Identifier: Apache-2.0
// resolve.hpp: chooses the effective settings of all layers.
#pragma once

#include <redstart/config/redis_config.hpp>

#include "settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// The effective settings of the manager with the defaults, or of one database.
struct Effective {
  std::string database{};                ///< Empty: the manager and the settings that new databases copy.
  std::vector<const Setting*> by_key{};  ///< In the order of `keys()`; null: the built-in default.

  [[nodiscard]] const Setting* at(std::string_view key) const noexcept;
};

/// Chooses the effective settings of `database`. A higher layer wins; within a layer, a setting of the
/// database wins over one of all databases. A setting displaces alternatives of lower layers: a host
/// displaces a Unix socket, a password displaces a password file.
///
/// Lifetimes: points into `settings.all`.
[[nodiscard]] Effective effective_settings(const Settings& settings, std::string_view database);

/// Applies settings to a database. Files with secrets are read; `settings` gets the faults.
void apply_settings(const Effective& effective, DatabaseConfig& config, Settings& settings);
/// Applies settings to the manager.
void apply_settings(const Effective& effective, RedisConfig& config);

/// Names that a layer mentions, and `main`.
[[nodiscard]] std::vector<std::string> database_list(const Settings& settings);

}  // namespace redstart::inline v0::detail
