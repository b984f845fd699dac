// SPDX-License-Identifier: Apache-2.0
// host_rule_test.cpp: by which names clients may address the server.
#include "http/host_rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace redstart::http {
namespace {

constexpr std::string_view addresses[] = {"127.0.0.1",          "127.0.0.1:8080",  "10.1.2.3:8080",
                                          "192.168.0.1",        "[::1]",           "[::1]:8080",
                                          "[2001:db8::7]:8080", "localhost",       "localhost:1",
                                          "LocalHost:8080",     "localhost.:8080", "shop.localhost"};
constexpr std::string_view foreign[] = {"evil.example",
                                        "evil.example:8080",
                                        "127.0.0.1.evil.example",
                                        "localhost.evil",
                                        "evillocalhost",
                                        "shop",
                                        "127.0.0.1@evil",
                                        "",
                                        ":8080",
                                        "[::1].evil:8080",
                                        "[localhost]",
                                        "[::1",
                                        "::1",
                                        "127.1",
                                        "0x7f.0.0.1",
                                        "localhost:80evil",
                                        "localhost:80:80",
                                        "[127.0.0.1]"};

TEST(HostRule, LoopbackServerAdmitsAddressesAndLocalhostOnly) {
  for (const std::string_view address : {"127.0.0.1", "127.0.0.7", "::1", "::ffff:127.0.0.1"}) {
    const HostRule rule({.address = std::string(address)});
    for (const std::string_view host : addresses) EXPECT_TRUE(rule.admits(host)) << address << ' ' << host;
    for (const std::string_view host : foreign) EXPECT_FALSE(rule.admits(host)) << address << ' ' << host;
  }
}

// Kubernetes sends the address of the pod, Prometheus the name of a service.
TEST(HostRule, ServerOfANetworkAdmitsEveryHost) {
  for (const std::string_view address : {"0.0.0.0", "::", "10.1.2.3", "2001:db8::7"}) {
    const HostRule rule({.address = std::string(address)});
    for (const std::string_view host : addresses) EXPECT_TRUE(rule.admits(host)) << address << ' ' << host;
    for (const std::string_view host : foreign) EXPECT_TRUE(rule.admits(host)) << address << ' ' << host;
  }
}

TEST(HostRule, NamesAreAdmittedBesideAddresses) {
  for (const std::string_view address : {"127.0.0.1", "0.0.0.0"}) {
    const HostRule rule({.address = std::string(address), .hosts = {"Shop", ".shop.example"}});
    for (const std::string_view host : addresses) EXPECT_TRUE(rule.admits(host)) << host;
    for (const std::string_view host :
         {"shop:8080", "SHOP", "shop.", "shop.example", "a.shop.example:80", "a.b.Shop.Example"})
      EXPECT_TRUE(rule.admits(host)) << host;
    for (const std::string_view host :
         {"workshop", "a.shop", "workshop.example", "shop.example.evil", "evil"})
      EXPECT_FALSE(rule.admits(host)) << host;
  }
}

TEST(HostRule, StarAdmitsEveryHost) {
  const HostRule rule({.hosts = {"shop", "*"}});
  for (const std::string_view host : foreign) EXPECT_TRUE(rule.admits(host)) << host;
}

}  // namespace
}  // namespace redstart::http
