// SPDX-License-Identifier: Apache-2.0
// recorder_test.cpp: bytes that the soak records for reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "soak/checker/recorder.hpp"

namespace redstart::soak {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Recorders, RecordBothDirectionsOfConnection) {
  Recorder recorder("secret");
  recorder.note(1, true, "AUTH secret; ECHO one");
  recorder.note(1, false, "two");
  recorder.note(2, true, "ECHO two");
  recorder.note(2, false, "one");
  EXPECT_EQ(recorder.about("one", "two"),
            "=== connection 1, to the server, the last bytes\nAUTH ***; ECHO one\n"
            "=== connection 1, to the client, the last bytes\ntwo\n");
  recorder.closed(1);
  EXPECT_THAT(recorder.about("ECHO one", {}), HasSubstr("connection 1, closed, to the server"));
}

TEST(Recorders, FindReplyWithoutRequest) {
  Recorder recorder({});
  recorder.note(1, true, "BLPOP queue");
  recorder.note(1, false, "item");
  EXPECT_THAT(recorder.about("an element", "item"), HasSubstr("BLPOP queue"));
  EXPECT_EQ(recorder.about("an element", "another"), "");
}

TEST(Recorders, KeepLatestBytes) {
  Recorder recorder({});
  recorder.note(1, true, "first");
  for (std::size_t i = 0; i < 3 * Recorder::kept; i += 1000) recorder.note(1, true, std::string(1000, 'x'));
  recorder.note(1, true, std::string(3 * Recorder::kept, 'y') + "last");
  const std::string text = recorder.about("last", {});
  EXPECT_THAT(text, Not(HasSubstr("first")));
  EXPECT_GE(text.size(), Recorder::kept);
  EXPECT_LE(text.size(), Recorder::kept + 200);
}

TEST(Recorders, DropConnectionsClosedLongAgo) {
  Recorder recorder({});
  for (std::size_t i = 0; i <= Recorder::closed_kept; ++i) {
    recorder.note(i, true, "request " + std::to_string(i) + ";");
    recorder.closed(i);
  }
  EXPECT_EQ(recorder.about("request 0;", {}), "");
  EXPECT_NE(recorder.about("request 1;", {}), "");
}

}  // namespace
}  // namespace redstart::soak
