// SPDX-License-Identifier: Apache-2.0
// client_test.hpp: fixture with a client on the common server, per protocol.
#pragma once

#include <gtest/gtest.h>

#include <redstart/sync.hpp>
#include <string>

#include "redis_test.hpp"

namespace redstart::test {

/// The common server, emptied, and a manager with one database that uses the protocol of the parameter.
class ClientTest : public RedisTest, public ::testing::WithParamInterface<Protocol> {
 protected:
  void SetUp() override {
    RedisTest::SetUp();
    if (IsSkipped()) return;
    manager_.start(config_for(server()));
  }

  [[nodiscard]] static RedisConfig config_for(const RedisServer& server) {
    RedisConfig config;
    config.service = "tests";
    config.listener = nullptr;
    config.defaults.endpoint.unix_path = server.socket_path();
    config.defaults.protocol = GetParam();
    config.database("main");
    return config;
  }

  [[nodiscard]] Client redis() { return manager_.client("main"); }
  [[nodiscard]] RedisConnectionManager& manager() noexcept { return manager_; }

 private:
  RedisConnectionManager manager_{};
};

/// Both protocols, for INSTANTIATE_TEST_SUITE_P.
inline auto both_protocols() { return ::testing::Values(Protocol::resp2, Protocol::resp3); }
inline std::string protocol_name(const ::testing::TestParamInfo<Protocol>& info) {
  return info.param == Protocol::resp2 ? "Resp2" : "Resp3";
}

}  // namespace redstart::test
