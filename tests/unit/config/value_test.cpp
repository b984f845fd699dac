// SPDX-License-Identifier: Apache-2.0
// value_test.cpp: values as text.
#include "config/value.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <string_view>

namespace redstart::detail {
namespace {

using namespace std::chrono_literals;

TEST(ConfigValue, ReadsDurationsExactly) {
  const std::pair<std::string_view, std::chrono::milliseconds> rows[] = {
      {"5", 5s},        {"0", 0ms},       {"500ms", 500ms}, {"1.5", 1500ms},
      {"1.5s", 1500ms}, {"0.25s", 250ms}, {"2m", 2min},     {"2min", 2min},
      {"1h", 1h},       {"1d", 24h},      {"5 s", 5s},      {"500MS", 500ms},
      {"0.001s", 1ms},  {"007", 7s},      {"0.5m", 30s},    {"9223372036854775807ms", 9223372036854775807ms}};
  for (const auto& [text, time] : rows) EXPECT_EQ(read_duration(text), time) << text;
}

TEST(ConfigValue, RefusesOtherDurations) {
  for (const std::string_view text : {"",
                                      "s",
                                      "ms",
                                      "-1",
                                      "+5",
                                      "5x",
                                      "5 seconds",
                                      "1..5",
                                      "1.",
                                      ".5",
                                      "1.5ms",
                                      "0.0001s",
                                      "1e3",
                                      "5s5",
                                      "5  s",
                                      "0x10",
                                      "nan",
                                      "9223372036854775808ms",
                                      "9223372036854775807s",
                                      "99999999999999999999",
                                      "1.0000000000"})
    EXPECT_FALSE(read_duration(text).has_value()) << text;
}

TEST(ConfigValue, ShowsDurationsInTheLargestUnitWithoutAFraction) {
  EXPECT_EQ(show_duration(0ms), "0s");
  EXPECT_EQ(show_duration(1500ms), "1500ms");
  EXPECT_EQ(show_duration(5s), "5s");
  EXPECT_EQ(show_duration(90s), "90s");
  EXPECT_EQ(show_duration(5min), "5m");
  EXPECT_EQ(show_duration(24h), "24h");
  EXPECT_EQ(read_duration(show_duration(std::chrono::milliseconds::max())), std::chrono::milliseconds::max());
}

TEST(ConfigValue, ReadsAndShowsSizes) {
  EXPECT_EQ(read_size("1024"), 1024);
  EXPECT_EQ(read_size("64KiB"), 65'536);
  EXPECT_EQ(read_size("1.5 MiB"), 1'572'864);
  EXPECT_EQ(read_size("1GiB"), 1'073'741'824);
  EXPECT_EQ(read_size("7b"), 7);
  for (const std::string_view text : {"", "64KB", "1k", "-1", "0.3KiB", "9223372036854775807KiB"})
    EXPECT_FALSE(read_size(text).has_value()) << text;
  EXPECT_EQ(show_size(65'536), "64KiB");
  EXPECT_EQ(show_size(1000), "1000");
  EXPECT_EQ(show_size(0), "0");
  EXPECT_EQ(show_size(std::size_t{1} << 30), "1GiB");
}

TEST(ConfigValue, ReadsFlagsAndNumbers) {
  for (const std::string_view yes : {"true", "TRUE", "yes", "on", "1"})
    EXPECT_EQ(read_flag(yes), true) << yes;
  for (const std::string_view no : {"false", "No", "off", "0"}) EXPECT_EQ(read_flag(no), false) << no;
  for (const std::string_view other : {"", "t", "2", "enabled"})
    EXPECT_FALSE(read_flag(other).has_value()) << other;
  EXPECT_EQ(read_integer("-7"), -7);
  EXPECT_EQ(read_integer("+7"), 7);
  for (const std::string_view other : {"", "+", "-", "++1", "1.0", "1 ", " 1", "0x1", "9223372036854775808"})
    EXPECT_FALSE(read_integer(other).has_value()) << other;
  EXPECT_EQ(read_real("0.25"), 0.25);
  for (const std::string_view other : {"", "inf", "nan", "1,5", "1.5x"})
    EXPECT_FALSE(read_real(other).has_value()) << other;
}

}  // namespace
}  // namespace redstart::detail
