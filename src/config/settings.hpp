// SPDX-License-Identifier: Apache-2.0
// settings.hpp: the settings of a configuration by layer, each with its place.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/core/secret.hpp>

#include "keys.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// Where a setting comes from; later ones win.
enum class Layer : std::uint8_t { defaults, file, registry, environment, code };

[[nodiscard]] std::string_view to_string(Layer layer) noexcept;

/// One setting of one layer.
struct Setting {
  const Key* key = nullptr;
  std::string database{};  ///< Empty: the manager, or all databases.
  Secret text{};
  Layer layer = Layer::defaults;
  std::string where{};
  bool valid = true;     ///< False: the text has a fault, which was reported.
  bool implied = false;  ///< Not written by the user: the default port of a URL.
};

/// All settings of all layers, and what was found while reading them.
struct Settings {
  std::vector<Setting> all{};
  std::vector<std::string> databases{};  ///< Names of databases that a layer mentions.
  std::vector<ConfigFault> faults{};
  std::vector<ConfigFault> notices{};

  void fault(std::string where, std::string what, std::string remedy);
  void notice(std::string where, std::string what, std::string remedy);
  /// Notes that database `name` exists.
  void mention(std::string_view name);
  /// Adds a setting after a check of its text. A URL is split into its parts. Faults name `where`.
  void add(const Key& key, std::string_view database, std::string_view text, Layer layer, std::string where);

 private:
  void add_url(std::string_view database, std::string_view url, Layer layer, const std::string& where);
};

/// Adds a fault for each two settings of one layer that contradict each other, and drops the later one.
void check_contradictions(Settings& settings);

}  // namespace redstart::inline v0::detail
