// SPDX-License-Identifier: Apache-2.0
// redis_config.cpp: finds databases by name and validates configurations.
#include <redstart/config/redis_config.hpp>
#include <redstart/config/redis_database.hpp>

#include "host.hpp"
#include "keys.hpp"
#include "value.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0 {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class Validator {
 public:
  explicit Validator(std::vector<ConfigFault>& faults) : faults_(faults) {}

  void database(const std::string& prefix, const DatabaseConfig& config) {
    prefix_ = prefix;
    endpoint(config.endpoint);
    fields(detail::Scope::database, &config);
    backoff("startup.backoff", config.startup.backoff);
    backoff("reconnect", config.reconnect);
    backoff("breaker.recovery", config.breaker.recovery);
    backoff("retry.backoff", config.retry.backoff);
    if (config.min_idle > config.max_connections)
      fault("min_idle", "is " + std::to_string(config.min_idle) + ", above max_connections",
            "use at most " + std::to_string(config.max_connections));
    tls(config);
    if (config.credentials && (!config.username.empty() || !config.password.empty()))
      fault("credentials", "is set together with username or password", "set one or the other");
    if (config.handshake == Handshake::minimal && config.protocol == Protocol::resp3)
      fault("protocol", "is resp3, but a minimal handshake has no HELLO",
            "use automatic or resp2, or handshake = full");
    if (config.handshake == Handshake::minimal && !config.client_name.empty())
      fault("client_name", "is set, but a minimal handshake has no CLIENT SETNAME",
            "leave it empty, or use handshake = full");
  }
  void manager(const RedisConfig& config) {
    prefix_.clear();
    fields(detail::Scope::manager, &config);
  }

 private:
  void endpoint(const Endpoint& endpoint) {
    if (endpoint.is_unix()) {
      constexpr std::size_t longest = 107;  // sockaddr_un
      if (endpoint.unix_path.size() > longest)
        fault("endpoint.unix_path", "is longer than 107 bytes", "use a shorter path");
      if (!detail::has_no_control(endpoint.unix_path))
        fault("endpoint.unix_path", "contains a control character",
              "remove it; often it is a line break at the end");
      return;
    }
    if (const auto wrong = detail::fault_of_host(endpoint.host))
      fault("endpoint.host", std::string(wrong->what), std::string(wrong->remedy));
    if (endpoint.port == 0)
      fault("endpoint.port", "is 0", "use 1 to 65535 (Redis listens on 6379 by default)");
  }
  // The checks of the table: each field for itself.
  void fields(detail::Scope scope, const void* owner) {
    for (const detail::Key& key : detail::keys()) {
      if (key.scope != scope || key.cross_checked || key.access.check == nullptr) continue;
      if (auto wrong = key.access.check(key, owner))
        fault(std::string(key.field_name()), std::move(wrong->what), std::move(wrong->remedy));
    }
  }
  void backoff(const std::string& field, const BackoffPolicy& policy) {
    if (policy.initial <= milliseconds::zero() || policy.maximum < policy.initial ||
        policy.maximum > hours(24) || !(policy.factor >= 1))
      fault(field,
            "goes from " + std::to_string(policy.initial.count()) + " ms to " +
                std::to_string(policy.maximum.count()) + " ms by factor " + std::to_string(policy.factor),
            "use 0 < initial <= maximum <= 24 h and a factor of 1 or above");
  }
  void tls(const DatabaseConfig& config) {
    const TlsConfig& tls = config.tls;
    if (tls.certificate_file.empty() != tls.key_file.empty())
      fault("tls",
            tls.key_file.empty() ? "has a certificate_file without a key_file"
                                 : "has a key_file without a certificate_file",
            "set both, or neither");
#if !REDSTART_WITH_TLS
    if (tls.enabled)
      fault("tls.enabled", "is set, but this library was built without TLS",
            "build it with -DREDSTART_WITH_TLS=ON");
#endif
    if (tls.enabled && config.endpoint.is_unix())
      fault("tls.enabled", "is set for a Unix socket", "turn it off: a Unix socket does not cross a network");
  }
  void fault(const std::string& field, std::string what, std::string remedy) {
    faults_.push_back({prefix_.empty() ? field : prefix_ + "." + field, std::move(what), std::move(remedy)});
  }

  std::vector<ConfigFault>& faults_;
  std::string prefix_{};
};

template <class Databases>
auto find_database(Databases& databases, std::string_view name) {
  return std::find_if(databases.begin(), databases.end(),
                      [&](const auto& entry) { return entry.name == name; });
}

}  // namespace

DatabaseConfig& RedisConfig::database(std::string_view name) {
  if (const auto found = find_database(databases, name); found != databases.end()) return found->config;
  NamedDatabase& made = databases.emplace_back(NamedDatabase{std::string(name), defaults});
  // The number in REDIS_URL is that of the main database, whose name has none. The others keep their own.
  if (const auto number = default_number(name); number && *number != 0) made.config.number = *number;
  if (name == to_string(RedisDatabase::main)) made.config.required = true;
  return made.config;
}

const DatabaseConfig* RedisConfig::find(std::string_view name) const noexcept {
  const auto found = find_database(databases, name);
  return found == databases.end() ? nullptr : &found->config;
}

std::vector<ConfigFault> validate(const RedisConfig& config) {
  std::vector<ConfigFault> faults;
  Validator validator(faults);
  validator.database("defaults", config.defaults);
  for (const NamedDatabase& database : config.databases) {
    // A database whose name can't be shown is identified by its index.
    const bool showable = detail::has_no_control(database.name);
    const std::string where = showable
                                  ? "databases[\"" + database.name + "\"]"
                                  : "databases[" + std::to_string(&database - config.databases.data()) + "]";
    if (database.name.empty())
      faults.push_back({"databases", "contains a database without a name", "set its name"});
    if (config.find(database.name) != &database.config)
      faults.push_back(
          {where, "has the name of another database", "use database(name), which returns the existing one"});
    if (!showable) {
      faults.push_back({where, "has a name with a control character", "remove it"});
    } else if (database.config.client_name.empty() && !detail::is_visible(database.name)) {
      // A server refuses the whole HELLO if it does not accept the name.
      faults.push_back({where, "has a name with a space or a non-ASCII character",
                        "use visible ASCII characters only, or set client_name"});
    }
    validator.database(where, database.config);
  }
  validator.manager(config);
  return faults;
}

}  // namespace redstart::inline v0
