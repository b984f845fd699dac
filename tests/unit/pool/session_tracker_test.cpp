// SPDX-License-Identifier: Apache-2.0
// session_tracker_test.cpp: connection state left by WATCH, MULTI, EXEC and others.
#include "pool/session_tracker.hpp"

#include <redstart/commands/session_state.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/core/queued.hpp>

#include <gtest/gtest.h>

#include <cstdint>
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
}

TEST(SessionTracker, AllowsAuthenticationOutsideOfTransactions) {
  SessionTracker tracker;
  EXPECT_TRUE(tracker.may_authenticate());
  run(tracker, "WATCH");
  run(tracker, "SELECT", Answer::done, Session::database);
  EXPECT_TRUE(tracker.may_authenticate());
  tracker.sent(Session::transaction, "MULTI");
  EXPECT_FALSE(tracker.may_authenticate());
  tracker.answered(Session::transaction, "MULTI", Answer::done);
  EXPECT_FALSE(tracker.may_authenticate());
  tracker.sent(Session::transaction, "EXEC");
  EXPECT_FALSE(tracker.may_authenticate()) << "EXEC may not have been sent yet";
  tracker.answered(Session::transaction, "EXEC", Answer::done);
  EXPECT_TRUE(tracker.may_authenticate());
}

TEST(SessionTracker, KeepsUserThatTheCallerHasChosen) {
  SessionTracker tracker;
  run(tracker, "AUTH", Answer::done, Session::identity);
  EXPECT_FALSE(tracker.may_authenticate());
}

TEST(SessionTracker, QueuesInTransaction) {
  SessionTracker tracker;
  run(tracker, "MULTI");
  EXPECT_TRUE(tracker.queues());
  for (const std::string_view end : {"EXEC", "DISCARD"}) {
    SessionTracker ended = tracker;
    run(ended, end);
    EXPECT_FALSE(ended.queues()) << end;
  }
}

TEST(SessionTracker, IsInTransactionOnceMultiIsSent) {
  SessionTracker tracker;
  tracker.sent(Session::transaction, "MULTI");
  EXPECT_TRUE(tracker.queues());
  tracker.sent(Session::transaction, "EXEC");
  EXPECT_FALSE(tracker.queues()) << "the reply of a later command comes behind that of EXEC";
  tracker.answered(Session::transaction, "MULTI", Answer::done);
  EXPECT_FALSE(tracker.queues());
  EXPECT_TRUE(tracker.dirty()) << "EXEC may yet fail";
  tracker.answered(Session::transaction, "EXEC", Answer::done);
  EXPECT_FALSE(tracker.dirty());
}

TEST(SessionTracker, ReadsAnswersFromFrames) {
  EXPECT_EQ(SessionTracker::answer_in("+OK\r\n"), Answer::done);
  EXPECT_EQ(SessionTracker::answer_in("*-1\r\n"), Answer::done);
  EXPECT_EQ(SessionTracker::answer_in("-EXECABORT Transaction discarded\r\n"), Answer::aborted);
  EXPECT_EQ(SessionTracker::answer_in("-ERR MULTI calls can not be nested\r\n"), Answer::refused);
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

class SessionTrackerBatch : public ::testing::Test {
 protected:
  template <class R>
  void add(std::string_view name, std::string_view argument = "key") {
    batch_.add(Command<R, std::string_view>(*lookup(name), argument), [](const auto&...) {});
  }
  [[nodiscard]] bool refused() const {
    return first_only_queued(tracker_, {}, batch_.commands, batch_.bytes.view()).has_value();
  }

  engine::Batch batch_{};
  SessionTracker tracker_{};
};

TEST_F(SessionTrackerBatch, IsRefusedWhenATypedCommandFollowsMulti) {
  add<Ok>("WATCH");
  add<std::int64_t>("INCR");
  EXPECT_FALSE(refused());
  add<Ok>("MULTI");
  EXPECT_FALSE(refused());
  add<Queued>("INCR");
  EXPECT_FALSE(refused());
  add<std::int64_t>("INCR");
  EXPECT_TRUE(refused());
}

TEST_F(SessionTrackerBatch, IsAllowedWhenTypedCommandsFollowExec) {
  add<Ok>("MULTI");
  add<Queued>("INCR");
  add<Ok>("EXEC");
  add<std::int64_t>("INCR");
  EXPECT_FALSE(refused());
}

TEST_F(SessionTrackerBatch, IsRefusedWhenTheConnectionQueuesAlready) {
  run(tracker_, "MULTI");
  add<std::int64_t>("INCR");
  EXPECT_TRUE(refused());
}

TEST_F(SessionTrackerBatch, LeavesTheStateOfItsLastCommands) {
  add<Ok>("MULTI");
  add<Queued>("INCR");
  add<Ok>("EXEC");
  note_sent(tracker_, batch_.commands);
  EXPECT_FALSE(tracker_.queues());
  EXPECT_TRUE(tracker_.dirty());
  note_answered(tracker_, batch_.commands, 0, "+OK\r\n");
  note_answered(tracker_, batch_.commands, 1, "+QUEUED\r\n");
  EXPECT_TRUE(tracker_.dirty());
  note_answered(tracker_, batch_.commands, 2, "*1\r\n:1\r\n");
  EXPECT_FALSE(tracker_.dirty());
}

}  // namespace
}  // namespace redstart::inline v0::pool
