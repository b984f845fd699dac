// SPDX-License-Identifier: Apache-2.0
// keys.cpp: the table of all settings.
#include "keys.hpp"

#include "key_access.hpp"

#include <redstart/config/redis_config.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace redstart::inline v0::detail {

namespace {

using D = DatabaseConfig;
using M = RedisConfig;

constexpr long long one_day = 86'400'000;

template <auto... Path>
constexpr Key database_key(Key key) {
  key.scope = Scope::database;
  return with_field<D, Path...>(key);
}
// A setting that stays as it was at the start.
template <auto... Path>
constexpr Key fixed_key(Key key) {
  key.reloadable = false;
  return database_key<Path...>(key);
}
template <auto... Path>
constexpr Key manager_key(Key key) {
  key.scope = Scope::manager;
  key.reloadable = false;
  return with_field<M, Path...>(key);
}
// A setting without a field: the loader makes others of it.
constexpr Key loader_key(Scope scope, Key key) {
  key.scope = scope;
  key.reloadable = key.name == "password_file";
  return key;
}

// The four keys of a `BackoffPolicy`, which validate() checks together.
template <auto... Path>
constexpr Key first_delay(std::string_view name, std::string_view help) {
  return database_key<Path..., &BackoffPolicy::initial>(
      {.name = name, .help = help, .least = 1, .most = one_day, .cross_checked = true});
}
template <auto... Path>
constexpr Key longest_delay(std::string_view name, std::string_view help) {
  return database_key<Path..., &BackoffPolicy::maximum>(
      {.name = name, .help = help, .least = 1, .most = one_day, .cross_checked = true});
}
template <auto... Path>
constexpr Key growth(std::string_view name, std::string_view help) {
  return database_key<Path..., &BackoffPolicy::factor>(
      {.name = name, .help = help, .least = 1, .cross_checked = true});
}
template <auto... Path>
constexpr Key variation(std::string_view name, std::string_view help) {
  return database_key<Path..., &BackoffPolicy::jitter>({.name = name, .help = help});
}

constexpr Key table[] = {
    // The manager.
    manager_key<&M::service>({.name = "service",
                              .help = "Name of the service; `CLIENT LIST` shows `<service>:<database>`.",
                              .rule = Rule::visible}),
    manager_key<&M::environment>({.name = "environment",
                                  .help = "Where the service runs. `production` (or `prod`) demands an "
                                          "explicit host and a credential that is no "
                                          "placeholder.",
                                  .variables = "ENVIRONMENT",
                                  .rule = Rule::no_control}),
    manager_key<&M::io_threads>({.name = "io_threads",
                                 .help = "The library's own threads for asynchronous connections.",
                                 .least = 1,
                                 .most = 64}),
    manager_key<&M::start_timeout>(
        {.name = "start_timeout",
         .help = "How long `start()` waits for required databases; 0: it connects nothing.",
         .least = 0}),
    manager_key<&M::start_mode>({.name = "start_mode",
                                 .help = "If a required database is not ready after `start_timeout`: "
                                         "`degraded` starts without it, `complete` fails."}),
    manager_key<&M::cleanup_interval>({.name = "cleanup_interval",
                                       .help = "How often idle connections are cleaned up; 0: never.",
                                       .least = 0}),
    manager_key<&M::metrics_interval>({.name = "metrics_interval",
                                       .help =
                                           "How often a `metrics_exporter` that the service sets receives "
                                           "the statistics; 0: never.",
                                       .least = 0}),
    loader_key(Scope::manager, {.name = "registry.file",
                                .kind = Kind::path,
                                .help = "JSON file of a service registry, which gives host and port.",
                                .rule = Rule::no_control,
                                .unset = "none"}),
    loader_key(Scope::manager,
               {.name = "registry.kubernetes",
                .kind = Kind::flag,
                .help = "Reads host and port from `<NAME>_SERVICE_HOST` and `<NAME>_SERVICE_PORT`.",
                .unset = "false"}),

    // Endpoint and user.
    loader_key(Scope::database, {.name = "url",
                                 .kind = Kind::secret,
                                 .help = "Host, port, user, password, number and TLS as one URL.",
                                 .variables = "REDIS_URL",
                                 .unset = "not set"}),
    loader_key(Scope::database, {.name = "service_name",
                                 .kind = Kind::text,
                                 .help = "Name that the service registry resolves to host and port.",
                                 .rule = Rule::visible,
                                 .unset = "`redis`, if there is a registry"}),
    fixed_key<&D::endpoint, &Endpoint::host>(
        {.name = "host",
         .help = "Name or address, without scheme and port; IPv6 without brackets.",
         .field = "endpoint.host",
         .variables = "REDIS_HOST",
         .rule = Rule::host,
         .cross_checked = true}),
    fixed_key<&D::endpoint, &Endpoint::port>({.name = "port",
                                              .help = "Port of the server.",
                                              .field = "endpoint.port",
                                              .variables = "REDIS_PORT",
                                              .least = 1,
                                              .most = 65'535,
                                              .rule = Rule::port,
                                              .cross_checked = true}),
    fixed_key<&D::endpoint, &Endpoint::unix_path>(
        {.name = "unix_path",
         .kind = Kind::path,
         .help = "Path of a Unix socket, at most 107 bytes; host and port are then unused.",
         .field = "endpoint.unix_path",
         .rule = Rule::no_control,
         .unset = "none",
         .cross_checked = true}),
    database_key<&D::username>({.name = "username",
                                .help = "ACL user.",
                                .variables = "REDIS_USERNAME",
                                .rule = Rule::no_control,
                                .unset = "the server's default user"}),
    database_key<&D::password>({.name = "password",
                                .help = "Password of the user, sent by AUTH.",
                                .alias = "auth_token",
                                .variables = "REDIS_PASSWORD REDIS_AUTH_TOKEN",
                                .unset = "none: no AUTH"}),
    loader_key(Scope::database, {.name = "password_file",
                                 .kind = Kind::path,
                                 .help = "File that holds the password; a line break at its end is dropped.",
                                 .variables = "REDIS_PASSWORD_FILE",
                                 .rule = Rule::no_control,
                                 .unset = "none"}),
    fixed_key<&D::number>({.name = "number",
                           .help = "Argument of SELECT, sent if it is above 0.",
                           .alias = "db",
                           .variables = "REDIS_DB",
                           .url_option = "db",
                           .least = 0,
                           .most = 2'147'483'647,
                           .unset = "not set, or that of the name"}),

    // TLS.
    fixed_key<&D::tls, &TlsConfig::enabled>({.name = "tls.enabled",
                                             .help = "TLS; not for Unix sockets. `rediss://` turns it on.",
                                             .alias = "tls",
                                             .variables = "REDIS_TLS"}),
    fixed_key<&D::tls, &TlsConfig::verify>(
        {.name = "tls.verify",
         .help =
             "`full`: a trusted authority, valid today, issued for the expected name; `insecure`: nothing.",
         .variables = "REDIS_TLS_VERIFY",
         .url_option = "tls_verify"}),
    fixed_key<&D::tls, &TlsConfig::minimum>({.name = "tls.minimum",
                                             .help = "Oldest accepted version of TLS.",
                                             .variables = "REDIS_TLS_MINIMUM",
                                             .url_option = "tls_minimum"}),
    fixed_key<&D::tls, &TlsConfig::ca_file>({.name = "tls.ca_file",
                                             .kind = Kind::path,
                                             .help = "Trusted authorities, PEM.",
                                             .variables = "REDIS_TLS_CA_FILE",
                                             .url_option = "tls_ca_file",
                                             .rule = Rule::no_control,
                                             .unset = "those of the system"}),
    fixed_key<&D::tls, &TlsConfig::ca_directory>(
        {.name = "tls.ca_directory",
         .kind = Kind::path,
         .help = "Trusted authorities as a directory of hashed files (`openssl rehash`).",
         .variables = "REDIS_TLS_CA_DIRECTORY",
         .url_option = "tls_ca_directory",
         .rule = Rule::no_control,
         .unset = "those of the system"}),
    fixed_key<&D::tls, &TlsConfig::certificate_file>({.name = "tls.certificate_file",
                                                      .kind = Kind::path,
                                                      .help = "Certificate of the client and its chain, PEM.",
                                                      .variables = "REDIS_TLS_CERTIFICATE_FILE",
                                                      .url_option = "tls_certificate",
                                                      .rule = Rule::no_control,
                                                      .unset = "none"}),
    fixed_key<&D::tls, &TlsConfig::key_file>(
        {.name = "tls.key_file",
         .kind = Kind::path,
         .help = "Private key of the certificate, PEM; set both or neither.",
         .variables = "REDIS_TLS_KEY_FILE",
         .url_option = "tls_key",
         .rule = Rule::no_control,
         .unset = "none"}),
    fixed_key<&D::tls, &TlsConfig::key_password>({.name = "tls.key_password",
                                                  .help = "Password of the private key.",
                                                  .variables = "REDIS_TLS_KEY_PASSWORD",
                                                  .unset = "none: the key is not encrypted"}),
    loader_key(Scope::database, {.name = "tls.key_password_file",
                                 .kind = Kind::path,
                                 .help = "File that holds the password of the private key.",
                                 .variables = "REDIS_TLS_KEY_PASSWORD_FILE",
                                 .rule = Rule::no_control,
                                 .unset = "none"}),
    fixed_key<&D::tls, &TlsConfig::server_name>({.name = "tls.server_name",
                                                 .help = "Expected name of the server, also for SNI.",
                                                 .variables = "REDIS_TLS_SERVER_NAME",
                                                 .url_option = "tls_server_name",
                                                 .rule = Rule::visible,
                                                 .unset = "the host"}),

    // Handshake.
    fixed_key<&D::protocol>(
        {.name = "protocol", .help = "`automatic` uses RESP3, or RESP2 if the server refuses HELLO."}),
    fixed_key<&D::handshake>(
        {.name = "handshake", .help = "`minimal` sends only AUTH, SELECT and PING, for proxies."}),
    fixed_key<&D::client_name>({.name = "client_name",
                                .help = "Argument of CLIENT SETNAME.",
                                .rule = Rule::visible,
                                .unset = "`<service>:<database>`"}),

    // Connections.
    database_key<&D::max_connections>({.name = "max_connections",
                                       .help = "Connections of all kinds together; further callers queue.",
                                       .variables = "REDIS_MAX_CONNECTIONS",
                                       .least = 1,
                                       .most = 10'000}),
    database_key<&D::min_idle>({.name = "min_idle",
                                .help = "Direct connections that are kept open, at most `max_connections`.",
                                .least = 0}),
    fixed_key<&D::shared_connections>(
        {.name = "shared_connections", .help = "Shared connections per I/O thread.", .least = 1, .most = 16}),
    fixed_key<&D::direct_limit>(
        {.name = "direct_limit",
         .help =
             "Up to this many synchronous callers at once have a direct connection each; 0: always shared.",
         .least = 0,
         .most = 10'000}),
    fixed_key<&D::sync_over_shared>(
        {.name = "sync_over_shared", .help = "`false`: synchronous callers never share a connection."}),
    database_key<&D::max_pending>({.name = "max_pending",
                                   .help = "Operations that may be pending on a shared connection.",
                                   .least = 1,
                                   .most = 100'000'000}),
    database_key<&D::max_pending_bytes>({.name = "max_pending_bytes",
                                         .kind = Kind::size,
                                         .help = "Encoded bytes of these operations.",
                                         .least = 1024}),
    fixed_key<&D::integrity>(
        {.name = "integrity", .help = "Checks by one ECHO per batch that replies belong to their commands."}),
    database_key<&D::idle_timeout>(
        {.name = "idle_timeout", .help = "Connections unused for longer are closed; 0: never.", .least = 0}),
    database_key<&D::max_lifetime>(
        {.name = "max_lifetime",
         .help = "A connection open for longer is closed when it is returned; 0: never.",
         .least = 0}),
    database_key<&D::check_after_idle>(
        {.name = "check_after_idle",
         .help = "A connection unused for longer is checked by PING before it is used; 0: never.",
         .least = 0}),
    database_key<&D::lease_warning>(
        {.name = "lease_warning",
         .help = "A scoped handle held for longer emits `redis.lease.overdue`; 0: never.",
         .least = 0}),
    database_key<&D::slow_command>(
        {.name = "slow_command",
         .help = "A successful call that takes longer emits `redis.command.slow`; 0: off.",
         .least = 0}),

    // Timeouts.
    database_key<&D::timeouts, &Timeouts::connect>(
        {.name = "timeouts.connect",
         .help = "Opening a connection: credentials, name, connect, TLS, handshake and PING together.",
         .variables = "REDIS_CONNECTION_TIMEOUT",
         .least = 1,
         .most = one_day}),
    database_key<&D::timeouts, &Timeouts::command>(
        {.name = "timeouts.command",
         .help = "One call as a whole, from waiting for a connection to the last retry.",
         .variables = "REDIS_SOCKET_TIMEOUT",
         .least = 1,
         .most = one_day}),
    database_key<&D::timeouts, &Timeouts::acquire>(
        {.name = "timeouts.acquire", .help = "Waiting for a free connection.", .least = 1, .most = one_day}),
    database_key<&D::timeouts, &Timeouts::health>(
        {.name = "timeouts.health",
         .help = "A PING of the pool, a health probe, and `validate_connection()` as a whole.",
         .least = 1,
         .most = one_day}),
    fixed_key<&D::timeouts, &Timeouts::silence>(
        {.name = "timeouts.silence",
         .help = "The reply to the oldest command in flight on an asynchronous connection.",
         .least = 10,
         .most = one_day,
         .unset = "`timeouts.command`, at most 5 s"}),

    // Outages.
    database_key<&D::when_away>(
        {.name = "when_away",
         .help = "If the last connect attempt failed: `fail` at once, or `wait` until the call's deadline."}),
    database_key<&D::startup, &StartupPolicy::attempts>(
        {.name = "startup.attempts",
         .help = "Failed attempts that are followed by the delays of `startup.backoff`.",
         .least = 0,
         .most = 4'294'967'295}),
    first_delay<&D::startup, &StartupPolicy::backoff>(
        "startup.backoff.initial", "First delay between connect attempts until the first success."),
    longest_delay<&D::startup, &StartupPolicy::backoff>(
        "startup.backoff.maximum",
        "Longest delay between connect attempts until the first success, at least the first."),
    growth<&D::startup, &StartupPolicy::backoff>(
        "startup.backoff.factor", "Growth of the delay between connect attempts until the first success."),
    variation<&D::startup, &StartupPolicy::backoff>(
        "startup.backoff.jitter",
        "How the delay between connect attempts until the first success varies at random."),
    first_delay<&D::reconnect>("reconnect.initial", "First delay between connect attempts after a loss."),
    longest_delay<&D::reconnect>("reconnect.maximum",
                                 "Longest delay between connect attempts after a loss, at least the first."),
    growth<&D::reconnect>("reconnect.factor", "Growth of the delay between connect attempts after a loss."),
    variation<&D::reconnect>("reconnect.jitter",
                             "How the delay between connect attempts after a loss varies at random."),
    database_key<&D::breaker, &BreakerPolicy::consecutive_failures>(
        {.name = "breaker.consecutive_failures",
         .help = "Timeouts or losses in a row that open the breaker.",
         .least = 1,
         .most = 4'294'967'295}),
    database_key<&D::breaker, &BreakerPolicy::failure_share>(
        {.name = "breaker.failure_share",
         .help = "Share of failed calls within 10 s that opens the breaker.",
         .least = 0,
         .most = 1}),
    database_key<&D::breaker, &BreakerPolicy::minimum_calls>(
        {.name = "breaker.minimum_calls",
         .help = "From how many calls on the share counts.",
         .least = 1,
         .most = 4'294'967'295}),
    first_delay<&D::breaker, &BreakerPolicy::recovery>("breaker.recovery.initial",
                                                       "First time for which the breaker is open."),
    longest_delay<&D::breaker, &BreakerPolicy::recovery>(
        "breaker.recovery.maximum", "Longest time for which the breaker is open, at least the first."),
    growth<&D::breaker, &BreakerPolicy::recovery>("breaker.recovery.factor",
                                                  "Growth of the time for which the breaker is open."),
    variation<&D::breaker, &BreakerPolicy::recovery>(
        "breaker.recovery.jitter", "How the time for which the breaker is open varies at random."),
    database_key<&D::breaker, &BreakerPolicy::probes>(
        {.name = "breaker.probes",
         .help = "Calls that a half-open breaker lets through, and that must succeed.",
         .least = 1,
         .most = 4'294'967'295}),
    database_key<&D::retry, &RetryPolicy::attempts>({.name = "retry.attempts",
                                                     .help = "Attempts of one call, the first included.",
                                                     .least = 1,
                                                     .most = 4'294'967'295}),
    first_delay<&D::retry, &RetryPolicy::backoff>("retry.backoff.initial",
                                                  "First delay between the attempts of one call."),
    longest_delay<&D::retry, &RetryPolicy::backoff>(
        "retry.backoff.maximum", "Longest delay between the attempts of one call, at least the first."),
    growth<&D::retry, &RetryPolicy::backoff>("retry.backoff.factor",
                                             "Growth of the delay between the attempts of one call."),
    variation<&D::retry, &RetryPolicy::backoff>(
        "retry.backoff.jitter", "How the delay between the attempts of one call varies at random."),
    database_key<&D::retry, &RetryPolicy::mode>(
        {.name = "retry.mode", .help = "Which failed commands are sent again."}),
    database_key<&D::retry_budget, &RetryBudgetPolicy::share>(
        {.name = "retry_budget.share", .help = "Retries per call.", .least = 0, .most = 1}),
    database_key<&D::retry_budget, &RetryBudgetPolicy::trickle>(
        {.name = "retry_budget.trickle", .help = "Additional retries per second.", .least = 0}),
    database_key<&D::retry_budget, &RetryBudgetPolicy::capacity>(
        {.name = "retry_budget.capacity", .help = "Retries that can be saved up.", .least = 1}),
    fixed_key<&D::required>({.name = "required",
                             .help = "The service can't work without the database; `start()` connects it.",
                             .unset = "false; true for `main`"}),
    database_key<&D::impact>(
        {.name = "impact",
         .help = "The effect on the service while the database is away, as one sentence.",
         .rule = Rule::no_control,
         .unset = "by name, or none"}),

    // Keepalive and limits.
    database_key<&D::keepalive, &Keepalive::idle>(
        {.name = "keepalive.idle",
         .help = "TCP keepalive: idle time before the first probe; 0: off.",
         .least = 0}),
    database_key<&D::keepalive, &Keepalive::interval>(
        {.name = "keepalive.interval", .help = "Time between probes.", .least = 1000}),
    database_key<&D::keepalive, &Keepalive::count>(
        {.name = "keepalive.count",
         .help = "Unanswered probes after which the connection is closed; Linux ignores it.",
         .least = 1,
         .most = 2'147'483'647}),
    fixed_key<&D::limits, &resp::Limits::depth>(
        {.name = "limits.depth", .help = "Levels of nested arrays, sets and maps in a reply.", .least = 1}),
    fixed_key<&D::limits, &resp::Limits::line>(
        {.name = "limits.line", .kind = Kind::size, .help = "Bytes in one line of a reply.", .least = 1}),
    fixed_key<&D::limits, &resp::Limits::bulk>(
        {.name = "limits.bulk", .kind = Kind::size, .help = "Bytes in one string of a reply.", .least = 1}),
    fixed_key<&D::limits, &resp::Limits::elements>(
        {.name = "limits.elements", .help = "Declared elements of one array of a reply.", .least = 1}),
    fixed_key<&D::limits, &resp::Limits::push>(
        {.name = "limits.push", .kind = Kind::size, .help = "Bytes in one push message.", .least = 1}),
    fixed_key<&D::limits, &resp::Limits::reply>(
        {.name = "limits.reply", .kind = Kind::size, .help = "Bytes in one complete reply.", .least = 1}),
};

}  // namespace

std::span<const Key> keys() noexcept { return table; }

}  // namespace redstart::inline v0::detail
