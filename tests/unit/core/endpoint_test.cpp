// SPDX-License-Identifier: Apache-2.0
// endpoint_test.cpp: formatting of endpoints.
#include <redstart/core/endpoint.hpp>

#include <gtest/gtest.h>

namespace redstart {
namespace {

TEST(Endpoint, FormatsAsHostAndPort) {
  EXPECT_EQ(to_string(Endpoint{}), "localhost:6379");
  EXPECT_EQ(to_string(Endpoint{"10.0.0.1", 7000, {}}), "10.0.0.1:7000");
  EXPECT_EQ(to_string(Endpoint{"::1", 6379, {}}), "[::1]:6379");
  EXPECT_EQ(to_string(Endpoint{"fe80::1%eth0", 1, {}}), "[fe80::1%eth0]:1");
  EXPECT_EQ(to_string(Endpoint{"ignored", 1, "/run/redis.sock"}), "/run/redis.sock");
}

TEST(Endpoint, IsUnixSocketWhenPathIsSet) {
  EXPECT_FALSE(Endpoint{}.is_unix());
  EXPECT_TRUE((Endpoint{{}, 0, "/s"}).is_unix());
}

}  // namespace
}  // namespace redstart
