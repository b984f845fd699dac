// SPDX-License-Identifier: Apache-2.0
// identity_watch_test.cpp: tests when another server process is noticed.
#include "protocol/identity_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{1h};

Greeting greeting(std::int64_t id, std::string version = "7.0.15", std::string role = "master") {
  return {id, {"Redis", version, "standalone", role, {}, {}}};
}

TEST(IdentityWatch, ReportsSmallerConnectionNumberAsAnotherProcess) {
  IdentityWatch watch;
  EXPECT_EQ(watch.greeted(greeting(10), now, now + 1s), "");
  EXPECT_EQ(watch.greeted(greeting(11), now + 2s, now + 3s), "");
  EXPECT_EQ(watch.greeted(greeting(9), now, now + 4s), "") << "started before the other was greeted";
  EXPECT_EQ(watch.greeted(greeting(3), now + 5s, now + 6s), "connection number 11 -> 3");
  EXPECT_EQ(watch.greeted(greeting(4), now + 7s, now + 8s), "");
}

TEST(IdentityWatch, ReportsEachFieldThatDiffers) {
  IdentityWatch watch;
  EXPECT_EQ(watch.greeted(greeting(4), now, now), "");
  EXPECT_EQ(watch.greeted(greeting(5, "7.2.4", "replica"), now + 9s, now + 10s),
            "version 7.0.15 -> 7.2.4, role master -> replica");
  Greeting other = greeting(6, "7.2.4", "replica");
  other.server.product = "Valkey";
  other.server.availability_zone = "eu-1a";
  EXPECT_EQ(watch.greeted(other, now + 11s, now + 12s),
            "product Redis -> Valkey, availability zone unknown -> eu-1a");
}

TEST(IdentityWatch, ReportsNothingWithoutConnectionNumber) {
  IdentityWatch watch;
  EXPECT_EQ(watch.greeted(greeting(4), now, now), "");
  EXPECT_EQ(watch.greeted({}, now + 11s, now + 12s), "") << "the connection speaks RESP2";
}

TEST(IdentityWatch, KeepsIdentityOfServerThatNumbersNoConnections) {
  IdentityWatch watch;
  EXPECT_EQ(watch.greeted(greeting(0), now, now), "");
  EXPECT_EQ(watch.known(), greeting(0).server);
}

TEST(IdentityWatch, KnowsWhatHelloAndInfoReported) {
  IdentityWatch watch;
  EXPECT_EQ(watch.known(), ServerIdentity{});
  EXPECT_EQ(watch.greeted(greeting(4), now, now), "");
  EXPECT_EQ(watch.known(), greeting(4).server);
  ServerIdentity info;
  info.run_id = "471c55a3de9e47b9";
  watch.info_received(info);
  EXPECT_EQ(watch.known().run_id, "471c55a3de9e47b9");
  EXPECT_EQ(watch.known().version, "7.0.15");
  EXPECT_EQ(watch.greeted(greeting(5), now + 1s, now + 1s), "");
  EXPECT_EQ(watch.known().run_id, "471c55a3de9e47b9");
}

TEST(IdentityWatch, ForgetsTheRunOfAnotherProcess) {
  IdentityWatch watch;
  EXPECT_EQ(watch.greeted(greeting(4), now, now), "");
  ServerIdentity info;
  info.run_id = "471c55a3de9e47b9";
  watch.info_received(info);
  EXPECT_NE(watch.greeted(greeting(3), now + 1s, now + 1s), "");
  EXPECT_EQ(watch.known(), greeting(3).server);
}

TEST(IdentityWatch, ComparesOnlyRepliesToHello) {
  // With `extended-redis-compatibility`, Valkey calls itself Redis in HELLO, but not in INFO.
  IdentityWatch watch;
  EXPECT_EQ(watch.greeted(greeting(4), now, now), "");
  ServerIdentity info;
  info.product = "Valkey";
  watch.info_received(info);
  EXPECT_EQ(watch.greeted(greeting(5), now + 1s, now + 1s), "");
  EXPECT_EQ(watch.known().product, "Valkey");
}

}  // namespace
}  // namespace redstart::inline v0::protocol
