// SPDX-License-Identifier: Apache-2.0
// not_ready_test.cpp: parses not-ready states and elects the waiting attempt.
#include "protocol/not_ready.hpp"
#include "protocol/loading_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;
using End = LoadingWatch::End;

TEST(InfoFields, AreFoundByWholeName) {
  constexpr std::string_view info = "# Persistence\r\nloading:1\r\nasync_loading:0\r\nempty:\r\nlast:x:y";
  EXPECT_EQ(info_field(info, "loading"), "1");
  EXPECT_EQ(info_field(info, "async_loading"), "0");
  EXPECT_EQ(info_field(info, "load"), "");
  EXPECT_EQ(info_field(info, "empty"), "");
  EXPECT_EQ(info_field(info, "last"), "x:y");
  EXPECT_EQ(info_field("", "loading"), "");
  EXPECT_EQ(info_number<int>(info, "loading"), 1);
  EXPECT_EQ(info_number<int>(info, "last"), std::nullopt);
  EXPECT_EQ(info_number<std::int8_t>("n:300", "n"), std::nullopt);
}

TEST(NotReadyState, ReadsEstimateAndPercentage) {
  const NotReady state = read_loading("loading_loaded_perc:37.99\r\nloading_eta_seconds:12\r\n");
  EXPECT_EQ(state.left, 12s);
  EXPECT_EQ(state.percent, 37);
  EXPECT_EQ(describe(state), "the server is still loading its data set (37 % done, about 12 s left)");
  EXPECT_EQ(describe(read_loading("loading_eta_seconds:0")),
            "the server is still loading its data set (about 0 s left)");
  EXPECT_EQ(describe({}), "the server is still loading its data set");
}

TEST(NotReadyState, IgnoresInvalidValues) {
  for (const std::string_view left :
       {"-1", "", "x", "1e3", "12s", "99999999999999999999", "31536001", "1.5"}) {
    SCOPED_TRACE(left);
    EXPECT_EQ(read_loading("loading_eta_seconds:" + std::string(left) + "\r\n").left, std::nullopt);
  }
  for (const std::string_view percent :
       {"-1", "", ".5", "101", "x", "9999999999999999999999", "nan", "inf"}) {
    SCOPED_TRACE(percent);
    EXPECT_EQ(read_loading("loading_loaded_perc:" + std::string(percent) + "\r\n").percent, std::nullopt);
  }
  EXPECT_EQ(read_loading("loading_loaded_perc:100.00\r\n").percent, 100);
}

TEST(LoadingWatchTest, ElectsOneAttemptAndRejectsOthers) {
  LoadingWatch watch;
  const TimePoint now{1h};
  const auto first = watch.begin();
  const auto second = watch.begin();
  EXPECT_TRUE(watch.may_begin(now));
  auto report = watch.not_ready(first, {}, now);
  EXPECT_TRUE(report.polls && report.changed);
  report = watch.not_ready(second, {}, now);
  EXPECT_FALSE(report.polls || report.changed);
  EXPECT_FALSE(watch.ended(second, End::given_up, now));
  EXPECT_TRUE(watch.waiting());
  EXPECT_FALSE(watch.may_begin(now + 1h));
  EXPECT_EQ(watch.next(), std::nullopt);
  report = watch.not_ready(first, {}, now);
  EXPECT_TRUE(report.polls && !report.changed);
  EXPECT_TRUE(watch.ended(first, End::ready, now));
  EXPECT_FALSE(watch.waiting());
  EXPECT_TRUE(watch.may_begin(now));
}

TEST(LoadingWatchTest, ElectsAnotherAttemptAfterDelay) {
  LoadingWatch watch;
  const TimePoint now{1h};
  const auto first = watch.begin();
  static_cast<void>(watch.not_ready(first, {}, now));
  EXPECT_FALSE(watch.ended(first, End::given_up, now));
  EXPECT_TRUE(watch.waiting());
  EXPECT_FALSE(watch.may_begin(now)) << "otherwise attempts would follow without a pause";
  EXPECT_TRUE(watch.may_begin(*watch.next()));
  const auto second = watch.begin();
  EXPECT_FALSE(watch.may_begin(now + 1h));
  EXPECT_TRUE(watch.ended(second, End::failed, now));
  EXPECT_FALSE(watch.waiting());
}

TEST(LoadingWatchTest, EndsWaitWhenConnectionIsReadyButNotOnFailure) {
  LoadingWatch watch;
  const TimePoint now{1h};
  const auto straggler = watch.begin();
  const auto poller = watch.begin();
  static_cast<void>(watch.not_ready(poller, {}, now));
  EXPECT_FALSE(watch.ended(straggler, End::failed, now));
  EXPECT_TRUE(watch.waiting());
  EXPECT_TRUE(watch.ended(watch.begin(), End::ready, now));
  EXPECT_FALSE(watch.waiting());
  EXPECT_FALSE(watch.ended(poller, End::ready, now)) << "reported once";
}

TEST(LoadingWatchTest, CountsDownEstimateAndReportsNewReason) {
  LoadingWatch watch;
  const TimePoint now{1h};
  const auto attempt = watch.begin();
  static_cast<void>(watch.not_ready(attempt, {NotReady::Why::loading, 12s, 5}, now));
  EXPECT_EQ(watch.state(now + 5s).left, 7s);
  EXPECT_EQ(watch.state(now + 1h).left, 0s);
  EXPECT_TRUE(watch.not_ready(attempt, {NotReady::Why::busy, {}, {}}, now).changed);
}

}  // namespace
}  // namespace redstart::inline v0::protocol
