// SPDX-License-Identifier: Apache-2.0
// loader.cpp: makes a configuration from defaults and the environment.
#include <redstart/config/loader.hpp>
#include <redstart/config/redis_database.hpp>

#include <cstdlib>

namespace redstart {

RedisConfig RedisConfigLoader::load() const {
  RedisConfig config;
  std::vector<ConfigFault> faults;
  if (const char* url = std::getenv("REDIS_URL"); url != nullptr && *url != '\0')
    faults = apply_url(url, "REDIS_URL", config.defaults);
  config.database(to_string(RedisDatabase::main));
  if (faults.empty()) faults = validate(config);
  if (!faults.empty()) throw ConfigError(std::move(faults));
  return config;
}

}  // namespace redstart
