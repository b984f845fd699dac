// SPDX-License-Identifier: Apache-2.0
// loading.hpp: runs the loader on texts and variables of a test.
#pragma once

#include "support/temporary_folder.hpp"

#include <redstart/config/loader.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::test {

/// A loader that reads neither the machine's files nor its environment.
inline RedisConfigLoader isolated(Environment environment = {}) {
  RedisConfigLoader loader;
  loader.search({}).environment(std::move(environment));
  return loader;
}

/// The faults of a loader; none if it loads.
inline std::vector<ConfigFault> faults_of(const RedisConfigLoader& loader) {
  try {
    static_cast<void>(loader.load());
    return {};
  } catch (const ConfigError& error) {
    return error.faults();
  }
}

/// One line for each fault.
inline std::string lines_of(const std::vector<ConfigFault>& faults) {
  std::string text;
  for (const ConfigFault& fault : faults)
    text += fault.where + ": " + fault.what + "; " + fault.remedy + "\n";
  return text;
}

/// The explained value of a key; `database` as in `ExplainedValue`.
inline ExplainedValue explained(const ConfigExplanation& explanation, std::string_view database,
                                std::string_view key) {
  for (const ExplainedValue& value : explanation.values) {
    if (value.database == database && value.key == key) return value;
  }
  return {};
}

}  // namespace redstart::test
