// SPDX-License-Identifier: Apache-2.0
// stage.hpp: the private server of a run, its final data, and its configuration.
#pragma once

#include "checker/history_check.hpp"
#include "support/raw_redis.hpp"
#include "support/redis_server.hpp"
#include "workload.hpp"

#include <redstart/config/redis_config.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace redstart::soak {

/// A redis-server with a password. It keeps acknowledged writes through SIGKILL.
class Stage {
 public:
  static constexpr std::size_t most_connections = 24;  ///< Of each database.
  static constexpr std::size_t io_threads = 2;
  static constexpr std::size_t most_pending_bytes = std::size_t{4} << 20;

  Stage(std::string password, std::vector<std::string> arguments = {});

  [[nodiscard]] test::RedisServer& server() noexcept { return server_; }
  [[nodiscard]] const std::string& password() const noexcept { return password_; }
  /// A direct connection without library and proxy. Errors: std::runtime_error if there is none.
  [[nodiscard]] test::RawRedis raw() const;

  /// Waits until the server answers PONG; throws after 30 s.
  void await_ready() const;

  /// The configuration of the callers: the default and the strict database at one port, the checked one at
  /// another.
  [[nodiscard]] RedisConfig config(std::uint16_t port, std::uint16_t checked_port) const;

  /// Creates the accounts with their opening balance.
  void open_accounts() const;
  [[nodiscard]] Lists lists() const;
  [[nodiscard]] std::vector<std::int64_t> balances() const;
  [[nodiscard]] std::uint64_t counter(const std::string& key) const;
  /// Waits until no other client is connected, so that no command can run later; false after 30 s.
  [[nodiscard]] bool await_alone() const;

 private:
  std::string password_;
  test::RedisServer server_;
};

/// 32 hexadecimal digits that are in no list of passwords.
[[nodiscard]] std::string random_password();

/// Compares the records of the run with the data of the server.
void check_everything(Run& run, const Stage& stage, const QueueLog& queue, bool wire_was_watched);

}  // namespace redstart::soak
