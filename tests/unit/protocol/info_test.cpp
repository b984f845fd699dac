// SPDX-License-Identifier: Apache-2.0
// info_test.cpp: which server INFO describes.
#include "protocol/info.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace redstart::inline v0::protocol {
namespace {

TEST(ServerProduct, IsRedisWithoutAName) {
  const auto product = read_product("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
  EXPECT_EQ(product.name, "Redis");
  EXPECT_EQ(product.version, "7.0.15");
  EXPECT_EQ(product.mode, "standalone");
}

TEST(ServerProduct, HasItsOwnNameVersionAndMode) {
  const auto product = read_product(
      "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n"
      "server_mode:cluster\r\n");
  EXPECT_EQ(product.name, "Valkey");
  EXPECT_EQ(product.version, "8.1.1");
  EXPECT_EQ(product.mode, "cluster");
}

TEST(ServerProduct, AnUnknownNameWithoutAVersionCountsAsRedis) {
  const auto product = read_product("server_name:other\r\nredis_version:7.4.0\r\nredis_mode:standalone\r\n");
  EXPECT_EQ(product.name, "Redis");
  EXPECT_EQ(product.version, "7.4.0");
  EXPECT_EQ(read_product("").name, "Redis");
  EXPECT_EQ(read_product("").version, "");
}

}  // namespace
}  // namespace redstart::inline v0::protocol
