// SPDX-License-Identifier: Apache-2.0
// session_tracker_test.cpp: connection state left by WATCH, MULTI, EXEC and others.
#include "pool/session_tracker.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace redstart::inline v0::pool {
namespace {

using Answer = SessionTracker::Answer;

// One command and its reply.
void run(SessionTracker& tracker, std::string_view name, Answer answer = Answer::done,
         Session session = Session::transaction) {
  tracker.sent(session, name);
  tracker.answered(session, name, answer);
}

TEST(SessionTracker, IsInitiallyClean) {
  const SessionTracker tracker;
  EXPECT_FALSE(tracker.dirty());
  EXPECT_FALSE(tracker.queues());
  EXPECT_TRUE(tracker.admits(Session::none, "GET", false));
}

TEST(SessionTracker, AdmitsOnlyQueuedRepliesInTransaction) {
  SessionTracker tracker;
  run(tracker, "MULTI");
  EXPECT_TRUE(tracker.queues());
  EXPECT_FALSE(tracker.admits(Session::none, "GET", false));
  EXPECT_TRUE(tracker.admits(Session::none, "GET", true));
  EXPECT_FALSE(tracker.admits(Session::database, "SELECT", false));
  EXPECT_FALSE(tracker.admits(Session::transaction, "MULTI", false));
  EXPECT_FALSE(tracker.admits(Session::transaction, "WATCH", false));
  EXPECT_TRUE(tracker.admits(Session::transaction, "EXEC", false));
  EXPECT_TRUE(tracker.admits(Session::transaction, "DISCARD", false));
  for (const std::string_view end : {"EXEC", "DISCARD"}) {
    SessionTracker ended = tracker;
    run(ended, end);
    EXPECT_FALSE(ended.queues()) << end;
    EXPECT_TRUE(ended.admits(Session::none, "GET", false)) << end;
  }
}

TEST(SessionTracker, IsInTransactionOnceMultiIsSent) {
  SessionTracker tracker;
  tracker.sent(Session::transaction, "MULTI");
  EXPECT_FALSE(tracker.admits(Session::none, "GET", false));
  tracker.sent(Session::transaction, "EXEC");
  EXPECT_TRUE(tracker.admits(Session::none, "GET", false)) << "its reply comes behind that of EXEC";
  tracker.answered(Session::transaction, "MULTI", Answer::done);
  EXPECT_FALSE(tracker.queues());
  EXPECT_TRUE(tracker.dirty()) << "EXEC may yet fail";
  tracker.answered(Session::transaction, "EXEC", Answer::done);
  EXPECT_FALSE(tracker.dirty());
}

TEST(SessionTracker, KeepsStateWhenMultiIsRefused) {
  SessionTracker tracker;
  run(tracker, "MULTI", Answer::refused);
  EXPECT_FALSE(tracker.queues());
  EXPECT_FALSE(tracker.dirty());
  run(tracker, "MULTI");
  run(tracker, "MULTI", Answer::refused);
  EXPECT_TRUE(tracker.queues()) << "a nested one is refused, the first one stays";
}

TEST(SessionTracker, KeepsStateWhenWatchIsRefused) {
  SessionTracker tracker;
  run(tracker, "WATCH", Answer::refused);
  EXPECT_FALSE(tracker.dirty());
  run(tracker, "WATCH");
  run(tracker, "WATCH", Answer::refused);
  EXPECT_TRUE(tracker.dirty()) << "the first one stays";
}

TEST(SessionTracker, IsCleanAfterTransaction) {
  for (const std::string_view end : {"EXEC", "DISCARD"}) {
    SessionTracker tracker;
    run(tracker, "WATCH");
    EXPECT_TRUE(tracker.dirty());
    run(tracker, "MULTI");
    EXPECT_TRUE(tracker.dirty());
    run(tracker, end);
    EXPECT_FALSE(tracker.dirty()) << end;
  }
  SessionTracker aborted;
  run(aborted, "WATCH");
  run(aborted, "MULTI");
  run(aborted, "EXEC", Answer::aborted);
  EXPECT_FALSE(aborted.dirty());
  EXPECT_FALSE(aborted.queues());
}

TEST(SessionTracker, StaysInTransactionWhenExecIsRefused) {
  SessionTracker tracker;
  run(tracker, "MULTI");
  run(tracker, "EXEC", Answer::refused);
  EXPECT_TRUE(tracker.queues()) << "NOPERM, for example";
  EXPECT_TRUE(tracker.dirty());
}

TEST(SessionTracker, IsCleanedByUnwatchOnlyOutsideTransaction) {
  SessionTracker tracker;
  run(tracker, "WATCH");
  run(tracker, "UNWATCH", Answer::refused);
  EXPECT_TRUE(tracker.dirty());
  run(tracker, "UNWATCH");
  EXPECT_FALSE(tracker.dirty());
  run(tracker, "WATCH");
  run(tracker, "MULTI");
  run(tracker, "UNWATCH");
  EXPECT_TRUE(tracker.dirty()) << "it was only queued";
}

TEST(SessionTracker, KeepsWatchSentAfterExecOrUnwatch) {
  for (const std::string_view end : {"EXEC", "UNWATCH"}) {
    SessionTracker tracker;
    tracker.sent(Session::transaction, end);
    tracker.sent(Session::transaction, "WATCH");
    tracker.answered(Session::transaction, end, Answer::done);
    tracker.answered(Session::transaction, "WATCH", Answer::done);
    EXPECT_TRUE(tracker.dirty()) << end;
  }
}

TEST(SessionTracker, KeepsOtherStates) {
  for (const Session state : {Session::database, Session::identity, Session::routing, Session::ending}) {
    SessionTracker tracker;
    run(tracker, "ANY", Answer::refused, state);
    EXPECT_TRUE(tracker.dirty());
    run(tracker, "EXEC");
    EXPECT_TRUE(tracker.dirty());
  }
}

TEST(SessionTracker, IsDirtyWhileReplyIsOutstanding) {
  SessionTracker tracker;
  tracker.sent(Session::transaction, "UNWATCH");
  EXPECT_TRUE(tracker.dirty());
  tracker.answered(Session::transaction, "UNWATCH", Answer::done);
  EXPECT_FALSE(tracker.dirty());
}

}  // namespace
}  // namespace redstart::inline v0::pool
