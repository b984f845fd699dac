// SPDX-License-Identifier: Apache-2.0
// server.hpp: commands on the server, its data set and its replication.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/server_options.hpp>
#include <redstart/commands/server_time.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/resp/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo server[] = {
    {.name = "BGREWRITEAOF", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "1.0.0"},
    {.name = "BGSAVE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "1.0.0"},
    {.name = "DBSIZE", .access = Access::read, .retry = Retry::read,
     .spread = {Target::primaries, Join::sum}, .since = "1.0.0"},
    {.name = "FAILOVER", .access = Access::admin, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "6.2.0"},
    {.name = "FLUSHALL", .access = Access::write, .retry = Retry::last_write_wins,
     .spread = spread::all_primaries, .since = "1.0.0"},
    {.name = "FLUSHDB", .access = Access::write, .retry = Retry::last_write_wins,
     .spread = spread::all_primaries, .since = "1.0.0"},
    {.name = "INFO", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "1.0.0"},
    {.name = "LASTSAVE", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "1.0.0"},
    {.name = "LOLWUT", .access = Access::read, .retry = Retry::read,
     .spread = spread::any_server, .since = "5.0.0"},
    {.name = "REPLICAOF", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "5.0.0"},
    {.name = "ROLE", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.12"},
    {.name = "SAVE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "1.0.0"},
    {.name = "SWAPDB", .access = Access::write, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "4.0.0"},
    {.name = "TIME", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "2.6.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=server: data set, persistence, replication.
template <class Self>
class ServerCommands {
 public:
  /// BGREWRITEAOF. The message of the server: started or scheduled.
  auto bgrewriteaof() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::server, "BGREWRITEAOF"));
  }
  /// BGSAVE. The message of the server: started, or with `schedule` (since Redis 3.2.2) postponed until the
  /// rewrite of the AOF is done.
  auto bgsave(bool schedule = false) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::server, "BGSAVE"),
                                       detail::Keyword{schedule ? "SCHEDULE" : std::string_view()});
  }
  /// DBSIZE. How many keys the database holds.
  auto dbsize() const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::server, "DBSIZE"));
  }
  /// FAILOVER. OK; starts to hand over to a replica. Since Redis 6.2.
  auto failover(const FailoverOptions& options = {}) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "FAILOVER"), options);
  }
  /// FAILOVER ABORT. OK; aborts a failover in progress. Since Redis 6.2.
  auto failover_abort() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "FAILOVER"), std::string_view("ABORT"));
  }
  /// FLUSHALL. OK; empties all databases.
  auto flushall(Flush how = Flush::configured) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "FLUSHALL"), detail::keyword_of(how));
  }
  /// FLUSHDB. OK; empties this database.
  auto flushdb(Flush how = Flush::configured) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "FLUSHDB"), detail::keyword_of(how));
  }
  /// INFO. Facts about the server, one line `name:value` for each; section titles begin with `#`. Several
  /// sections since Redis 7.0.
  template <StringLike... Sections>
  auto info(const Sections&... sections) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(redstart::info::server, "INFO"), sections...);
  }
  /// LASTSAVE. The time of the last successful save.
  auto lastsave() const -> reply_t<Self, TimeSeconds> {
    return detail::submit<TimeSeconds>(*this, info::find(info::server, "LASTSAVE"));
  }
  /// LOLWUT. A drawing, and the version of the server. Since Redis 5.0.
  auto lolwut() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::server, "LOLWUT"));
  }
  /// LOLWUT … VERSION. The drawing of that version. Since Redis 5.0.
  auto lolwut(std::int64_t version) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::server, "LOLWUT"), std::string_view("VERSION"),
                                       version);
  }
  /// REPLICAOF. OK; the server drops its data and replicates the server at that address. Since Redis 5.0.
  auto replicaof(std::string_view host, std::uint16_t port) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "REPLICAOF"), host, port);
  }
  /// REPLICAOF NO ONE. OK; the server keeps its data and becomes a primary. Since Redis 5.0.
  auto replicaof_no_one() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "REPLICAOF"), std::string_view("NO"),
                              std::string_view("ONE"));
  }
  /// ROLE. `master`, `slave` or `sentinel`, and the state of its replication.
  template <class T = Value>
  auto role() const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::server, "ROLE"));
  }
  /// SAVE. OK; writes the data set to disk. The server executes nothing else until it is done: use `bgsave`
  /// in production.
  auto save() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "SAVE"));
  }
  /// SWAPDB. OK; swaps the two databases. Since Redis 4.0.
  auto swapdb(std::int64_t first, std::int64_t second) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::server, "SWAPDB"), first, second);
  }
  /// TIME. The server's clock.
  auto time() const -> reply_t<Self, TimeMicroseconds> {
    return detail::submit<TimeMicroseconds>(*this, info::find(info::server, "TIME"));
  }
};

}  // namespace redstart::inline v0
