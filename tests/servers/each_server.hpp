// SPDX-License-Identifier: Apache-2.0
// each_server.hpp: fixture that runs a test on each available server.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <ostream>
#include <redstart/redstart.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/managers.hpp"
#include "support/raw_redis.hpp"
#include "support/redis_server.hpp"

namespace redstart::test {

/// A server by its name in scripts/servers.
struct ServerChoice {
  std::string name;
  std::string program;  ///< Empty for "installed": the server of all other tests.

  [[nodiscard]] bool available() const {
    return program.empty() ? RedisServer::available() : ::access(program.c_str(), X_OK) == 0;
  }
  friend void PrintTo(const ServerChoice& choice, std::ostream* out) { *out << choice.name; }
};

/// The installed server and those of scripts/servers, available or not.
inline std::vector<ServerChoice> all_servers() {
  const char* named = std::getenv("REDSTART_SERVERS");
  const std::string folder =
      named != nullptr && *named != '\0' ? named : REDSTART_TEST_DATA_DIR "/../../.servers";
  std::vector<ServerChoice> servers{{"installed", ""}};
  for (const std::string name : {"redis-6.0", "redis-8.0", "redis-8.6", "valkey-8.1", "valkey-9.1"})
    servers.push_back({name, folder + "/" + name + "/server"});
  return servers;
}
/// For INSTANTIATE_TEST_SUITE_P.
inline auto each_server() { return ::testing::ValuesIn(all_servers()); }
inline std::string server_name(const ::testing::TestParamInfo<ServerChoice>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
  return name;
}

/// Runs a test with the server of its parameter, without data. There is one process per server and program.
/// Skips the test if the server is not available.
class OnEachServer : public ::testing::TestWithParam<ServerChoice> {
 protected:
  void SetUp() override {
    if (!GetParam().available()) GTEST_SKIP() << GetParam().name << "servers fetches it/servers fetches it";
    static std::map<std::string, std::unique_ptr<RedisServer>> servers;
    auto& server = servers[GetParam().name];
    if (!server) server = start();
    server_ = server.get();
    raw_ = std::make_unique<RawRedis>(server->socket_path());
    raw_->command({"FLUSHALL"});
  }

  [[nodiscard]] RedisServer& server() noexcept { return *server_; }
  [[nodiscard]] const ServerVersion& version() const noexcept { return server_->version(); }
  /// A direct connection to the server, without the library.
  [[nodiscard]] RawRedis& raw() noexcept { return *raw_; }
  /// Another process of the same server.
  [[nodiscard]] static std::unique_ptr<RedisServer> start(std::vector<std::string> arguments = {}) {
    return std::make_unique<RedisServer>(std::move(arguments), GetParam().program);
  }

  /// Runs `body` with a RESP2 client and with a RESP3 client. The server is empty each time.
  template <class Body>
  void with_both_protocols(Body body) {
    for (const Protocol protocol : {Protocol::resp2, Protocol::resp3}) {
      SCOPED_TRACE(protocol == Protocol::resp2 ? "RESP2" : "RESP3");
      raw().command({"FLUSHALL"});
      RedisConfig config = config_at(server());
      config.defaults.protocol = protocol;
      StartedManager redis(config);
      body(redis->client("main"));
    }
  }

 private:
  RedisServer* server_ = nullptr;
  std::unique_ptr<RawRedis> raw_{};
};

}  // namespace redstart::test
