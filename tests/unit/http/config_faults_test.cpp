// SPDX-License-Identifier: Apache-2.0
// config_faults_test.cpp: faults of the HTTP server's settings.
#include "http/config_faults.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/http_date.hpp"

namespace redstart::http {
namespace {

using std::chrono::milliseconds;

TEST(HttpConfig, DefaultsHaveNoFault) { EXPECT_TRUE(faults_of({}).empty()); }

TEST(HttpConfig, AddressesAreAccepted) {
  for (const std::string_view address : {"0.0.0.0", "::", "::1", "10.0.0.7", "fe80::1"})
    EXPECT_TRUE(faults_of({.address = std::string(address)}).empty()) << address;
}

TEST(HttpConfig, EveryFaultNamesPlaceAndRemedy) {
  const auto faults = faults_of({.address = "localhost",
                                 .hosts = {"shop:80"},
                                 .max_connections = 0,
                                 .max_header_bytes = 100,
                                 .header_timeout = milliseconds(0),
                                 .idle_timeout = milliseconds(-1),
                                 .write_timeout = std::chrono::hours(2)});
  ASSERT_EQ(faults.size(), 7U);
  const std::string_view names[] = {"address",        "hosts",        "max_connections", "max_header_bytes",
                                    "header_timeout", "idle_timeout", "write_timeout"};
  for (std::size_t i = 0; i != faults.size(); ++i) {
    EXPECT_EQ(faults[i].where, "HttpConfig::" + std::string(names[i]));
    EXPECT_FALSE(faults[i].remedy.empty());
  }
}

TEST(HttpConfig, NamesOfHostsAreAccepted) {
  EXPECT_TRUE(
      faults_of({.hosts = {"*", "shop", "shop.example", ".svc.cluster.local", "under_score"}}).empty());
  for (const std::string_view name : {"", ".", "http://shop", "shop:80", "[::1]", "a b", "*.shop", "shop."})
    EXPECT_EQ(faults_of({.hosts = {std::string(name)}}).size(), 1U) << name;
}

TEST(HttpConfig, PlaceIsAddressAndPort) {
  EXPECT_EQ(place_of({}), "127.0.0.1:8080");
  EXPECT_EQ(place_of({.address = "::1", .port = 0}), "[::1]:0");
}

TEST(HttpDate, HasTheFormOfTheHeader) {
  using std::chrono::seconds;
  using std::chrono::system_clock;
  EXPECT_EQ(http_date(system_clock::time_point{}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(system_clock::time_point{seconds(784'111'777)}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace redstart::http
