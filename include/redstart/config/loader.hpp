// SPDX-License-Identifier: Apache-2.0
// loader.hpp: makes a configuration from defaults and the environment.
#pragma once

#include <redstart/config/redis_config.hpp>

#include <string_view>

namespace redstart::inline v0 {

/// Makes a `RedisConfig` from the defaults (localhost:6379, no password) and from `REDIS_URL` if it is set.
/// Blanks, line breaks and quotes around the URL, which mounted secrets and environment files add, are
/// ignored; the configuration then has a notice of it.
class RedisConfigLoader {
 public:
  /// Errors: `ConfigError` with every fault. Thread safety: reads the environment, which no other thread may
  /// change during the call.
  [[nodiscard]] RedisConfig load() const;
};

/// Reads a Redis URL into `config`: endpoint, user name, password, database number and TLS. All other
/// settings keep their values. `redis://` does not turn TLS off. Returns the faults; if there are any,
/// `config` keeps all its values.
///
///     redis://[user[:password]@]host[:port][/database]
///     rediss://…[?tls_ca_file=…&tls_verify=full]                         (TLS; all options in TlsConfig)
///     redis+unix://[user[:password]@]/path/to/socket[?db=number]        (also unix://)
///
/// `valkey://`, `valkeys://` and `valkey+unix://` are aliases. Schemes may be in upper case. User name,
/// password and path are percent-decoded. `redis://:password@host` has the password of the default user.
///
/// `where` names the source in the faults. Faults never contain the user or password part.
[[nodiscard]] std::vector<ConfigFault> apply_url(std::string_view url, std::string_view where,
                                                 DatabaseConfig& config);

}  // namespace redstart::inline v0
