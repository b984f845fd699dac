// SPDX-License-Identifier: Apache-2.0
// redis_config.cpp: finds databases by name and validates configurations.
#include <redstart/config/redis_config.hpp>
#include <redstart/config/redis_database.hpp>

#include "host.hpp"

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
    limit("timeouts.connect", config.timeouts.connect);
    limit("timeouts.command", config.timeouts.command);
    limit("timeouts.acquire", config.timeouts.acquire);
    limit("timeouts.health", config.timeouts.health);
    if (config.number && *config.number < 0)
      fault("number", "is " + std::to_string(*config.number),
            "use 0 or above (a server has 16 databases by default)");
    if (config.max_connections < 1 || config.max_connections > 10'000)
      fault("max_connections", "is " + std::to_string(config.max_connections), "use 1 to 10000");
    if (config.min_idle > config.max_connections)
      fault("min_idle", "is " + std::to_string(config.min_idle) + ", above max_connections",
            "use at most " + std::to_string(config.max_connections));
    if (config.shared_connections < 1 || config.shared_connections > 16)
      fault("shared_connections", "is " + std::to_string(config.shared_connections), "use 1 to 16");
    if (config.direct_limit > 10'000)
      fault("direct_limit", "is " + std::to_string(config.direct_limit),
            "use 0 (always shared) to 10000, or sync_over_shared = false for never");
    if (config.max_pending < 1 || config.max_pending > 100'000'000)
      fault("max_pending", "is " + std::to_string(config.max_pending), "use 1 to 100000000");
    if (config.max_pending_bytes < 1024)
      fault("max_pending_bytes", "is " + std::to_string(config.max_pending_bytes), "use 1024 or above");
    if (config.idle_timeout < milliseconds::zero())
      fault("idle_timeout", "is negative", "use 0 (never) or above");
    if (config.check_after_idle < milliseconds::zero())
      fault("check_after_idle", "is negative", "use 0 (never) or above");
    if (config.lease_warning < milliseconds::zero())
      fault("lease_warning", "is negative", "use 0 (never) or above");
    resilience(config);
    tls(config);
    if (config.max_lifetime < milliseconds::zero())
      fault("max_lifetime", "is negative", "use 0 (never) or above");
    if (config.keepalive.idle.count() < 0 || config.keepalive.interval.count() < 1 ||
        config.keepalive.count < 1)
      fault("keepalive", "has a value out of range", "use idle >= 0 s, interval >= 1 s, count >= 1");
    if (config.credentials && (!config.username.empty() || !config.password.empty()))
      fault("credentials", "is set together with username or password", "set one or the other");
    no_control("username", config.username);
    at_least_one("limits.depth", config.limits.depth);
    at_least_one("limits.line", config.limits.line);
    at_least_one("limits.bulk", config.limits.bulk);
    at_least_one("limits.elements", config.limits.elements);
    at_least_one("limits.push", config.limits.push);
    at_least_one("limits.reply", config.limits.reply);
    if (config.handshake == Handshake::minimal && config.protocol == Protocol::resp3)
      fault("protocol", "is resp3, but a minimal handshake has no HELLO",
            "use automatic or resp2, or handshake = full");
    if (config.handshake == Handshake::minimal && !config.client_name.empty())
      fault("client_name", "is set, but a minimal handshake has no CLIENT SETNAME",
            "leave it empty, or use handshake = full");
    if (!printable(config.client_name))
      fault("client_name", "contains a space or a control character", "use visible ASCII characters only");
  }

  static bool printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  }
  // False for characters that break lines, move a terminal's cursor or end a C string.
  static bool showable(const std::string& text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  }

 private:
  void endpoint(const Endpoint& endpoint) {
    if (endpoint.is_unix()) {
      constexpr std::size_t longest = 107;  // sockaddr_un
      if (endpoint.unix_path.size() > longest)
        fault("endpoint.unix_path", "is longer than 107 bytes", "use a shorter path");
      no_control("endpoint.unix_path", endpoint.unix_path);
      return;
    }
    if (const auto wrong = detail::fault_of_host(endpoint.host))
      fault("endpoint.host", std::string(wrong->what), std::string(wrong->remedy));
    if (endpoint.port == 0)
      fault("endpoint.port", "is 0", "use 1 to 65535 (Redis listens on 6379 by default)");
  }
  void resilience(const DatabaseConfig& config) {
    backoff("startup.backoff", config.startup.backoff);
    backoff("reconnect", config.reconnect);
    backoff("breaker.recovery", config.breaker.recovery);
    backoff("retry.backoff", config.retry.backoff);
    at_least_one("breaker.consecutive_failures", config.breaker.consecutive_failures);
    at_least_one("breaker.minimum_calls", config.breaker.minimum_calls);
    at_least_one("breaker.probes", config.breaker.probes);
    at_least_one("retry.attempts", config.retry.attempts);
    share("breaker.failure_share", config.breaker.failure_share);
    share("retry_budget.share", config.retry_budget.share);
    if (!(config.retry_budget.trickle >= 0))
      fault("retry_budget.trickle", "is " + std::to_string(config.retry_budget.trickle), "use 0 or above");
    if (!(config.retry_budget.capacity >= 1))
      fault("retry_budget.capacity", "is " + std::to_string(config.retry_budget.capacity), "use 1 or above");
  }
  void backoff(const std::string& field, const BackoffPolicy& policy) {
    if (policy.initial <= milliseconds::zero() || policy.maximum < policy.initial ||
        policy.maximum > hours(24) || !(policy.factor >= 1))
      fault(field,
            "goes from " + std::to_string(policy.initial.count()) + " ms to " +
                std::to_string(policy.maximum.count()) + " ms by factor " + std::to_string(policy.factor),
            "use 0 < initial <= maximum <= 24 h and a factor of 1 or above");
  }
  void at_least_one(const char* field, std::size_t value) {
    if (value == 0) fault(field, "is 0", "use 1 or above");
  }
  void no_control(const char* field, const std::string& text) {
    if (!showable(text))
      fault(field, "contains a control character", "remove it; often it is a line break at the end");
  }
  void share(const char* field, double value) {
    if (!(value >= 0 && value <= 1)) fault(field, "is " + std::to_string(value), "use 0 to 1");
  }
  void tls(const DatabaseConfig& config) {
    const TlsConfig& tls = config.tls;
    no_control("tls.ca_file", tls.ca_file);
    no_control("tls.ca_directory", tls.ca_directory);
    no_control("tls.certificate_file", tls.certificate_file);
    no_control("tls.key_file", tls.key_file);
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
    if (!printable(tls.server_name))
      fault("tls.server_name", "contains a space or a control character", "use a host name or an address");
  }
  void limit(const char* field, milliseconds value) {
    if (value <= milliseconds::zero() || value > hours(24))
      fault(field, "is " + std::to_string(value.count()) + " ms", "use more than 0 and at most 24 h");
  }
  void fault(const std::string& field, std::string what, std::string remedy) {
    faults_.push_back({prefix_ + "." + field, std::move(what), std::move(remedy)});
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
    const bool showable = Validator::showable(database.name);
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
    } else if (database.config.client_name.empty() && !Validator::printable(database.name)) {
      // A server refuses the whole HELLO if it does not accept the name.
      faults.push_back({where, "has a name with a space or a non-ASCII character",
                        "use visible ASCII characters only, or set client_name"});
    }
    validator.database(where, database.config);
  }
  if (!Validator::printable(config.service))
    faults.push_back(
        {"service", "contains a space or a control character", "use visible ASCII characters only"});
  if (config.io_threads < 1 || config.io_threads > 64)
    faults.push_back({"io_threads", "is " + std::to_string(config.io_threads), "use 1 to 64"});
  if (config.start_timeout < milliseconds::zero())
    faults.push_back({"start_timeout", "is negative", "use 0 or above"});
  if (config.cleanup_interval < milliseconds::zero())
    faults.push_back({"cleanup_interval", "is negative", "use 0 (off) or above"});
  return faults;
}

}  // namespace redstart::inline v0
