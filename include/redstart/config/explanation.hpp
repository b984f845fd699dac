// SPDX-License-Identifier: Apache-2.0
// explanation.hpp: the effective configuration with the source of each value.
#pragma once

#include <redstart/core/error.hpp>

#include <string>
#include <vector>

namespace redstart::inline v0 {

/// One effective value. Secrets are `(secret)`.
struct ExplainedValue {
  std::string database{};  ///< Empty: a setting of the manager. `*`: the settings that new databases copy.
  std::string key{};       ///< As in a file: `timeouts.connect`.
  std::string value{};     ///< As text; empty: not set.
  std::string layer{};     ///< `default`, `file`, `service registry`, `environment` or `code`.
  std::string source{};    ///< File with line and column, variable, or function; empty for defaults.
};

/// The effective configuration of a loader, with all faults and notices. Holds no secret.
struct ConfigExplanation {
  std::vector<ExplainedValue> values{};
  std::vector<ConfigFault> faults{};   ///< `load()` would throw these. A key with a fault shows its default.
  std::vector<ConfigFault> notices{};  ///< Corrections, deprecated settings, files that every user may read.

  /// For people: one value per line with its source, then faults and notices.
  [[nodiscard]] std::string text() const;
  /// As JSON: `{"manager": {KEY: {"value", "layer", "source"}}, "defaults": {…}, "databases": {NAME: {…}},
  /// "faults":
  /// [{"where", "what", "remedy"}], "notices": […]}`.
  [[nodiscard]] std::string json() const;
};

}  // namespace redstart::inline v0
