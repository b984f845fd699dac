// SPDX-License-Identifier: Apache-2.0
// figures_text_test.cpp: figures as people read them.
#include "http/figures_text.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "http/accept.hpp"

namespace redstart::http {
namespace {

using namespace std::chrono_literals;

TEST(FiguresText, Counts) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'000), "1,000");
  EXPECT_EQ(count_text(12'345'678), "12,345,678");
}

TEST(FiguresText, Latencies) {
  EXPECT_EQ(latency_text(0ns), "0.00 ms");
  EXPECT_EQ(latency_text(260us), "0.26 ms");
  EXPECT_EQ(latency_text(994us), "0.99 ms");
  EXPECT_EQ(latency_text(996us), "1.0 ms");
  EXPECT_EQ(latency_text(9'960us), "10 ms");
  EXPECT_EQ(latency_text(999ms), "999 ms");
  EXPECT_EQ(latency_text(1'500ms), "1.5 s");
  EXPECT_EQ(latency_text(90s), "90 s");
}

TEST(FiguresText, Ages) {
  EXPECT_EQ(age_text(59'900ms), "59 s");
  EXPECT_EQ(age_text(60s), "1 min");
  EXPECT_EQ(age_text(200s), "3 min 20 s");
  EXPECT_EQ(age_text(5h + 2min), "5 h 2 min");
  EXPECT_EQ(age_text(291h), "12 d 3 h");
}

TEST(FiguresText, Rates) {
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(0.4), "0.4");
  EXPECT_EQ(rate_text(9.96), "10");
  EXPECT_EQ(rate_text(1'250.4), "1,250");
  EXPECT_EQ(rate_text(-1), "0");
}

TEST(FiguresText, SharesAreNotRoundedUpToAll) {
  EXPECT_EQ(share_text(1), "100 %");
  EXPECT_EQ(share_text(0.999999), "99.99 %");
  EXPECT_EQ(share_text(0), "0.00 %");
}

TEST(Accept, FindsMediaTypes) {
  constexpr std::string_view type = "application/health+json";
  EXPECT_TRUE(accepts("application/health+json", type));
  EXPECT_TRUE(accepts("text/html , APPLICATION/health+JSON ; q=0.5", type));
  EXPECT_FALSE(accepts("application/health+json;q=0.0", type));
  EXPECT_FALSE(accepts("application/json, */*", type));
  EXPECT_FALSE(accepts("", type));
  EXPECT_FALSE(accepts(",;,", type));
}

TEST(Accept, FindsOptionsOfQueries) {
  EXPECT_TRUE(has_option("verbose", "verbose"));
  EXPECT_TRUE(has_option("a&verbose=1", "verbose"));
  EXPECT_FALSE(has_option("verbose2&a=verbose", "verbose"));
  EXPECT_FALSE(has_option("", "verbose"));
}

}  // namespace
}  // namespace redstart::http
