// SPDX-License-Identifier: Apache-2.0
// tls_name_test.cpp: the names that TLS servers must prove.
#include "net/tls_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace redstart::inline v0::net {
namespace {

TEST(TlsName, ComesFromSettingsOrHost) {
  struct Case {
    const char* host;
    const char* server_name;
    const char* name;
    bool address;
  };
  for (const Case& entry :
       {Case{"redis.test", "", "redis.test", false}, Case{"redis.test", "other.test", "other.test", false},
        Case{"redis.test.", "", "redis.test", false}, Case{"10.1.2.3", "", "10.1.2.3", true},
        Case{"fe80::1%eth0", "", "fe80::1", true}, Case{"10.1.2.3", "redis.test", "redis.test", false}}) {
    TlsConfig config;
    config.server_name = entry.server_name;
    const TlsName name = TlsName::of(config, entry.host);
    EXPECT_EQ(name.text, entry.name);
    EXPECT_EQ(name.address, entry.address);
    EXPECT_TRUE(name.verifiable());
  }
}

TEST(TlsName, IsNotVerifiableIfItMatchesAnyServer) {
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".test"), std::string("a\0b", 3)})
    EXPECT_FALSE((TlsName{text, false}.verifiable())) << text;
}

}  // namespace
}  // namespace redstart::inline v0::net
