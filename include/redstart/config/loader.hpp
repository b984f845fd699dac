// SPDX-License-Identifier: Apache-2.0
// loader.hpp: makes a configuration from defaults and the environment.
#pragma once

#include <redstart/config/redis_config.hpp>

#include <string_view>

namespace redstart::inline v0 {

/// Makes a `RedisConfig`: the defaults (localhost:6379, no password), then `REDIS_URL` where it is set.
/// Blanks, line breaks and quotes around it, which mounted secrets and files of variables add, are left out;
/// a notice in the configuration says so.
class RedisConfigLoader {
 public:
  /// Errors: `ConfigError` with every fault. Thread safety: reads the environment, so nobody may change it
  /// meanwhile.
  [[nodiscard]] RedisConfig load() const;
};

/// Reads a Redis URL into `config`: endpoint, user name, password, database number, TLS; the rest stays as it
/// is. `redis://` does not turn TLS off where it is on.
///
///     redis://[user[:password]@]host[:port][/database]
///     rediss://…[?tls_ca_file=…&tls_verify=full]                         (TLS; all options in TlsConfig)
///     redis+unix://[user[:password]@]/path/to/socket[?db=number]        (also unix://)
///
/// `valkey://`, `valkeys://` and `valkey+unix://` mean the same. Schemes may be in upper case. User name,
/// password and path are percent-decoded; `redis://:password@host` is the default user's password.
///
/// `where` names the source in the faults. Faults never hold the user or password part.
[[nodiscard]] std::vector<ConfigFault> apply_url(std::string_view url, std::string_view where,
                                                 DatabaseConfig& config);

}  // namespace redstart::inline v0
