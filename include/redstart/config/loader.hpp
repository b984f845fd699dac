// SPDX-License-Identifier: Apache-2.0
// loader.hpp: makes a configuration from defaults, file, registry, environment and code.
#pragma once

#include <redstart/config/environment.hpp>
#include <redstart/config/explanation.hpp>
#include <redstart/config/redis_config.hpp>
#include <redstart/config/service_registry.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// Makes a `RedisConfig` from layers. From the lowest to the highest:
///
/// 1. the defaults: localhost:6379, no password;
/// 2. a file, `redis-databases.yaml`, `.yml` or `.json`;
/// 3. a service registry, which gives host and port;
/// 4. the environment: `REDIS_URL`, `REDIS_HOST`, `REDIS__TIMEOUTS__CONNECT`, `REDIS__CACHE__HOST`;
/// 5. code: `set()`, then `code()`.
///
/// A higher layer wins field by field. Within a layer, a setting of one database wins over a setting of all.
/// A contradiction inside one layer is a fault. docs/configuration.md lists all settings.
///
///     auto config = redstart::RedisConfigLoader{}
///                       .file("/etc/shop/redis-databases.yaml")
///                       .set("service", "shop")
///                       .set("cache", "timeouts.command", "50ms")
///                       .load();
///
/// Thread safety: none; a loader belongs to one thread at a time.
class RedisConfigLoader {
 public:
  /// Reads this file, which must exist. Without it, `REDIS_CONFIG_FILE` names the file. Without that as well,
  /// the first file in the folders of `search` is read, if there is one.
  RedisConfigLoader& file(std::string path);
  /// Reads no file, whatever the environment says.
  RedisConfigLoader& no_file();
  /// The folders in which a file is searched, in this order. Default: `.`, `config`, `/run/redstart`,
  /// `/app/config`,
  /// `/app`, `/config`, `/usr/local/etc/redstart` and `/etc/redstart`. Two files in one folder are a fault.
  RedisConfigLoader& search(std::vector<std::string> folders);
  /// Uses these variables. Default: those of the process at the call of `load()` or `explain()`.
  RedisConfigLoader& environment(Environment variables);
  /// Resolves `service_name`. Default: the registry that `registry.file` or `registry.kubernetes` names, or
  /// none. Null: the default.
  RedisConfigLoader& registry(std::shared_ptr<const ServiceRegistry> services);
  /// Sets a key of the manager or of all databases, as text: `set("timeouts.command", "500ms")`.
  RedisConfigLoader& set(std::string_view key, std::string_view value);
  /// Sets a key of one database.
  RedisConfigLoader& set(std::string_view database, std::string_view key, std::string_view value);
  /// Calls `change(RedisConfig&)` on the result of all other layers, for example to set a
  /// `CredentialsProvider`. Several are called in this order.
  template <class Change>
  RedisConfigLoader& code(Change change) {
    changes_.push_back(std::make_shared<ChangeOf<Change>>(std::move(change)));
    return *this;
  }

  /// The configuration. It has an entry for `main` and for each database that a layer names. Files with
  /// secrets are read now. `notices` holds the corrections.
  ///
  /// Errors: `ConfigError` with every fault: where it is, what is wrong, what would be right. It never holds
  /// a secret. Thread safety: no other thread may change the environment during the call.
  [[nodiscard]] RedisConfig load() const;

  /// The effective value of every setting with its source, and all faults and notices. Secrets are redacted.
  ///
  /// Errors: faults of the configuration are not thrown. Thread safety: as `load()`.
  [[nodiscard]] ConfigExplanation explain() const;

 private:
  class AnyChange {
   public:
    virtual ~AnyChange() = default;
    virtual void apply(RedisConfig& config) = 0;
  };
  template <class Change>
  class ChangeOf : public AnyChange {
   public:
    explicit ChangeOf(Change change) : change_(std::move(change)) {}
    void apply(RedisConfig& config) override { change_(config); }

   private:
    Change change_;
  };
  struct CodeSetting {
    std::string database{};
    std::string key{};
    Secret value{};
  };
  class Loading;

  std::optional<std::string> file_{};
  bool no_file_ = false;
  std::optional<std::vector<std::string>> folders_{};
  std::optional<Environment> environment_{};
  std::shared_ptr<const ServiceRegistry> registry_{};
  std::vector<CodeSetting> settings_{};
  std::vector<std::shared_ptr<AnyChange>> changes_{};
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
