// SPDX-License-Identifier: Apache-2.0
// link_core_test.cpp: each event in each state of a link.
#include "protocol/link_core.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/scripted_link.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using EventKind = ScriptedLink::EventKind;
using Kind = ScriptedLink::Kind;
using Kinds = std::vector<EventKind>;
using Reasons = std::vector<CloseReason>;
using engine::Cancellation;

ScriptedLink::Settings of_kind(Kind kind, bool integrity = false) {
  ScriptedLink::Settings settings;
  settings.kind = kind;
  settings.integrity = integrity;
  return settings;
}
Kinds kinds(const ScriptedLink& link) {
  Kinds all;
  for (const auto& event : link.events) all.push_back(event.kind);
  return all;
}
protocol::Outcome away() { return {failure::unavailable(), CloseReason::lost}; }

// --- The matrix: each event in each state. Nothing is lost, nothing ends twice, and `stop` ends the rest.

struct Step {
  const char* name;
  std::function<void(ScriptedLink&)> run;
};

// Each begins with a new link, and leaves operations in all places that its state has.
const std::vector<Step>& states() {
  static const std::vector<Step> all = {
      {"closed",
       [](ScriptedLink& link) {
         link.submit(link.make({"GET", "q"}).known_as(1));
       }},
      {"opening",
       [](ScriptedLink& link) {
         link.submit(link.make({"GET", "q"}).known_as(1));
         link.begin_opening();
       }},
      {"ready", [](ScriptedLink& link) { link.open(); }},
      {"in flight",
       [](ScriptedLink& link) {
         link.open();
         link.push(link.make({"GET", "a"}).known_as(1));
         link.push(link.batch({{"GET", "b"}, {"GET", "c"}}).known_as(2).until(link.now + 2s));
         link.wake();
       }},
      {"half written",
       [](ScriptedLink& link) {
         link.open();
         link.kernel.room = 30;
         link.push(link.make({"GET", "a"}).known_as(1));
         link.push(link.make({"SET", "k", std::string(100'000, 'v')}).known_as(2));
         link.push(link.make({"GET", "b"}));
         link.wake();
       }},
      {"delayed",
       [](ScriptedLink& link) {
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
         link.receive("-BUSY\r\n");
       }},
      {"uncertain",
       [](ScriptedLink& link) {
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
         link.end_of_stream();
       }},
      {"retiring",
       [](ScriptedLink& link) {
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
         link.retire(CloseReason::lifetime);
         link.submit(link.make({"GET", "b"}).known_as(2));
       }},
      {"with tombstones",
       [](ScriptedLink& link) {
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
         link.submit(link.make({"GET", "b"}).known_as(2));
         link.cancel(1, Cancellation::terminal);
       }},
      {"checking",
       [](ScriptedLink& link) {
         link.open();
         link.advance(31s);
         link.status.check_due(true);
         link.submit(link.make({"GET", "a"}).known_as(1));
       }},
      {"refused by the breaker",
       [](ScriptedLink& link) {
         link.admission.passes = false;
         link.admission.waiting = true;
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
       }},
      {"probing",
       [](ScriptedLink& link) {
         link.admission.passes = false;
         link.admission.places = 1;
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
       }},
      {"blocking",
       [](ScriptedLink& link) {
         link.open();
         link.submit(link.make({"BLPOP", "a", "0"}).blocks(0ms).known_as(1));
         link.submit({"GET", "b"});
       }},
      {"stopping",
       [](ScriptedLink& link) {
         link.open();
         link.submit(link.make({"GET", "a"}).known_as(1));
         link.stop(link.now + 3s);
         link.submit(link.make({"GET", "b"}).known_as(2));
       }},
      {"stopping while closed",
       [](ScriptedLink& link) {
         link.submit(link.make({"GET", "q"}).known_as(1));
         link.stop(link.now + 3s);
       }},
      {"stopped", [](ScriptedLink& link) { link.stop(link.now); }},
  };
  return all;
}

const std::vector<Step>& matrix_events() {
  static const std::vector<Step> all = {
      {"nothing", [](ScriptedLink&) {}},
      {"accept",
       [](ScriptedLink& link) {
         link.submit({"INCR", "n"});
       }},
      {"accept of a command to wait for", [](ScriptedLink& link) { link.submit(link.connect()); }},
      {"cancel, total", [](ScriptedLink& link) { link.cancel(1, Cancellation::total); }},
      {"cancel, terminal", [](ScriptedLink& link) { link.cancel(1, Cancellation::terminal); }},
      {"cancel of the second", [](ScriptedLink& link) { link.cancel(2, Cancellation::terminal); }},
      {"open", [](ScriptedLink& link) { link.begin_opening(); }},
      {"failed opening",
       [](ScriptedLink& link) {
         link.begin_opening();
         if (!link.stopped && !link.core.ready() && !link.core.closed())
           link.open_failed(failure::unavailable());
       }},
      {"one reply", [](ScriptedLink& link) { link.receive("+1\r\n"); }},
      {"half a reply", [](ScriptedLink& link) { link.receive("$5\r\nab"); }},
      {"error reply", [](ScriptedLink& link) { link.receive("-ERR no\r\n"); }},
      {"refusal", [](ScriptedLink& link) { link.receive("-BUSY\r\n"); }},
      {"many replies", [](ScriptedLink& link) { link.receive("+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n+6\r\n"); }},
      {"push", [](ScriptedLink& link) { link.receive(">1\r\n+p\r\n"); }},
      {"bytes that are not RESP", [](ScriptedLink& link) { link.receive("?\r\n"); }},
      {"end of the stream", [](ScriptedLink& link) { link.end_of_stream(); }},
      {"reset", [](ScriptedLink& link) { link.read_error(ECONNRESET); }},
      {"write error",
       [](ScriptedLink& link) {
         link.kernel.error = EPIPE;
         link.writable(0);
       }},
      {"writable, some", [](ScriptedLink& link) { link.writable(7); }},
      {"writable", [](ScriptedLink& link) { link.writable(ScriptedKernel::no_limit); }},
      {"4 s", [](ScriptedLink& link) { link.advance(4s); }},
      {"6 s", [](ScriptedLink& link) { link.advance(6s); }},
      {"40 s", [](ScriptedLink& link) { link.advance(40s); }},
      {"retire", [](ScriptedLink& link) { link.retire(CloseReason::idle); }},
      {"wake", [](ScriptedLink& link) { link.wake(); }},
      {"stop at once", [](ScriptedLink& link) { link.stop(link.now); }},
      {"stop later", [](ScriptedLink& link) { link.stop(link.now + 1s); }},
      {"fail queue", [](ScriptedLink& link) { link.fail_queue(away()); }},
      {"fail old queue",
       [](ScriptedLink& link) { static_cast<void>(link.core.fail_queue(away(), link.now)); }},
  };
  return all;
}

// Holds at any time.
void check_events(const ScriptedLink& link) {
  bool open = false;
  for (const auto& event : link.events) {
    EXPECT_FALSE(event.kind == EventKind::opened && open);
    EXPECT_FALSE(event.kind == EventKind::closed && !open);
    if (event.kind == EventKind::opened) open = true;
    if (event.kind == EventKind::closed) open = false;
  }
  EXPECT_EQ(link.closes, link.count(EventKind::closed));
  EXPECT_EQ(link.status.load().operations, link.alive());
  if (!link.stopped) return;
  EXPECT_FALSE(open) << "the pool learns of the end of the connection";
  EXPECT_EQ(link.alive(), 0U);
  EXPECT_EQ(link.events.back().kind, EventKind::stopped);
  EXPECT_EQ(link.count(EventKind::stopped), 1U);
  EXPECT_EQ(link.status.load().bytes, 0U);
}
ScriptedAdmission::Delay retry_busy(const engine::OperationNode& operation, std::string_view message) {
  if (!message.starts_with("BUSY") || operation.attempts != 0) return std::nullopt;
  return 50ms;
}
ScriptedAdmission::Delay retry_once(const engine::OperationNode& operation, const protocol::Outcome&, bool) {
  if (operation.attempts != 0 || operation.request.replies != 1) return std::nullopt;
  return 0ms;
}
void run_matrix(const ScriptedLink::Settings& settings, const Step& state, const Step& first,
                const Step& second) {
  SCOPED_TRACE(std::string(state.name) + ": " + first.name + ", " + second.name);
  ScriptedLink link(settings);
  link.admission.refused = retry_busy;
  link.admission.lost = retry_once;
  state.run(link);
  for (const Step* const step : {&first, &second}) {
    check_events(link);
    if (link.stopped) break;
    step->run(link);
  }
  check_events(link);
  if (!link.stopped) link.stop(link.now);
  EXPECT_TRUE(link.stopped) << "everything ends at the deadline of stop";
  check_events(link);
}

TEST(LinkCoreTest, NoEventLosesAnythingInAnyState) {
  for (const Kind kind : {Kind::shared, Kind::exclusive})
    for (const bool integrity : {false, true})
      for (const Step& state : states())
        for (const Step& first : matrix_events())
          for (const Step& second : matrix_events()) {
            run_matrix(of_kind(kind, integrity), state, first, second);
            ASSERT_FALSE(::testing::Test::HasFailure());
          }
}

// --- Acceptance, and the wish for a connection.

TEST(LinkCoreTest, WantsConnectionOnceUntilItIsOpened) {
  ScriptedLink link;
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  EXPECT_EQ(kinds(link), Kinds{EventKind::wanted});
  link.begin_opening();
  link.submit({"GET", "c"});
  link.open_failed(failure::unavailable());
  EXPECT_EQ(kinds(link), (Kinds{EventKind::wanted, EventKind::open_failed}));
  EXPECT_EQ(link.events[1].failure->code, Errc::unavailable);
  EXPECT_EQ(link.alive(), 3U);
  link.open();
  EXPECT_EQ(link.count(EventKind::opened), 1U);
  link.receive("+a\r\n+b\r\n+c\r\n");
  link.end_of_stream();
  EXPECT_EQ(link.count(EventKind::wanted), 1U);
  link.submit({"GET", "d"});
  EXPECT_EQ(link.count(EventKind::wanted), 2U);
}

TEST(LinkCoreTest, WantsConnectionAgainAfterQueueHasFailed) {
  ScriptedLink link;
  link.submit({"GET", "a"});
  link.fail_queue(away());
  EXPECT_EQ(link.records[0]->code(), Errc::unavailable);
  EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
  link.submit({"GET", "b"});
  EXPECT_EQ(link.count(EventKind::wanted), 2U);
}

TEST(LinkCoreTest, CountsOperationsOfLoopAndOfOtherThreads) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"GET", "a"}).then([&] {
    link.submit({"GET", "b"});
    EXPECT_EQ(link.status.load().operations, 1U);
    EXPECT_EQ(link.status.load().bytes, encoded({"GET", "b"}).size());
  }));
  EXPECT_EQ(link.status.load().operations, 1U);
  link.receive("+a\r\n");
  link.receive("+b\r\n");
  EXPECT_EQ(link.status.load().operations, 0U);
  EXPECT_EQ(link.status.load().bytes, 0U);
}

// --- Cancellation.

TEST(LinkCoreTest, CancelOfUnknownOperationIsNotFound) {
  ScriptedLink link;
  link.submit(link.make({"GET", "a"}).known_as(1));
  link.cancel(2, Cancellation::terminal);
  EXPECT_FALSE(link.found());
  link.open();
  link.receive("+1\r\n");
  link.cancel(1, Cancellation::terminal);
  EXPECT_FALSE(link.found());
}

TEST(LinkCoreTest, CancelsQueuedOperationAsNotSent) {
  for (const Cancellation how : {Cancellation::total, Cancellation::terminal}) {
    ScriptedLink link;
    link.submit(link.make({"GET", "a"}).known_as(1));
    link.submit({"GET", "b"});
    link.cancel(1, how);
    EXPECT_TRUE(link.found());
    EXPECT_EQ(link.records[0]->code(), Errc::cancelled);
    EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
    link.open();
    EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
  }
}

TEST(LinkCoreTest, CancelsDelayedOperation) {
  ScriptedLink link;
  link.admission.refused = retry_busy;
  link.open();
  link.submit(link.make({"GET", "a"}).known_as(1));
  link.receive("-BUSY\r\n");
  link.cancel(1, Cancellation::total);
  EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
  link.kernel.sent.clear();
  link.advance(1s);
  EXPECT_TRUE(link.kernel.sent.empty());
}

TEST(LinkCoreTest, TotalCancellationLeavesUncertainOperation) {
  ScriptedLink link;
  link.admission.lost = retry_once;
  link.open();
  link.submit(link.make({"GET", "a"}).known_as(1));
  link.end_of_stream();
  link.cancel(1, Cancellation::total);
  EXPECT_TRUE(link.found());
  EXPECT_FALSE(link.records[0]->ended());
  link.cancel(1, Cancellation::terminal);
  EXPECT_EQ(link.records[0]->code(), Errc::cancelled);
  EXPECT_EQ(link.records[0]->effect(), Effect::indeterminate) << "the first attempt may have run";
}

TEST(LinkCoreTest, TotalCancellationLeavesOperationInFlight) {
  for (const Kind kind : {Kind::shared, Kind::exclusive}) {
    ScriptedLink link(of_kind(kind));
    link.open();
    link.submit(link.make({"GET", "a"}).known_as(1));
    link.cancel(1, Cancellation::total);
    EXPECT_TRUE(link.found());
    link.receive("+1\r\n");
    EXPECT_TRUE(link.records[0]->succeeded());
    EXPECT_EQ(link.closes, 0U);
  }
}

TEST(LinkCoreTest, TerminalCancellationInFlightClosesExclusiveConnection) {
  ScriptedLink link(of_kind(Kind::exclusive));
  link.open();
  link.push(link.make({"GET", "a"}).known_as(1));
  link.push(link.make({"GET", "b"}));
  link.wake();
  link.cancel(1, Cancellation::terminal);
  EXPECT_EQ(link.records[0]->code(), Errc::cancelled);
  EXPECT_EQ(link.records[0]->effect(), Effect::indeterminate);
  EXPECT_EQ(link.records[1]->code(), Errc::connection_lost);
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::dirty});
  EXPECT_EQ(link.admission.failed_tickets(), 0U) << "the server has not failed";
  EXPECT_EQ(link.status.given_up(), 0U);
}

TEST(LinkCoreTest, CancelledSessionCommandRetiresExclusiveConnection) {
  ScriptedLink link(of_kind(Kind::exclusive));
  link.open();
  link.kernel.room = 3;
  link.submit({"GET", "a"});
  link.submit(link.make({"WATCH", "k"}).changes(Session::transaction).known_as(1));
  link.cancel(1, Cancellation::total);
  EXPECT_EQ(link.records[1]->effect(), Effect::not_sent);
  EXPECT_EQ(link.closes, 0U);
  link.writable(ScriptedKernel::no_limit);
  link.receive("+1\r\n");
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::dirty});
}

// --- Deadlines.

TEST(LinkCoreTest, QueuedOperationExpiresAsNotSentInEachState) {
  for (const int state : {0, 1, 2}) {
    ScriptedLink link;
    if (state == 1) link.begin_opening();
    if (state == 2) {
      link.admission.passes = false;
      link.admission.waiting = true;
      link.open();
    }
    link.submit(link.make({"GET", "a"}).until(link.now + 100ms));
    link.advance(100ms);
    EXPECT_FALSE(link.records[0]->ended());
    link.advance(3ms);
    EXPECT_EQ(link.records[0]->code(), Errc::timeout);
    EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
    EXPECT_EQ(link.closes, 0U);
  }
}

TEST(LinkCoreTest, DelayedOperationExpiresAtItsOwnDeadline) {
  ScriptedLink link;
  link.admission.refused = [](auto&, std::string_view) { return 1h; };
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 2h));
  link.receive("-BUSY\r\n");
  link.advance(59min);
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
  link.admission.passes = false;
  link.admission.waiting = true;
  link.advance(58min);
  EXPECT_FALSE(link.records[0]->ended());
  link.advance(4min);
  EXPECT_EQ(link.records[0]->code(), Errc::timeout);
  EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
}

TEST(LinkCoreTest, DelayBeyondDeadlineEndsAsTimeoutWithoutSending) {
  ScriptedLink link;
  link.admission.refused = [](auto&, std::string_view) { return 200ms; };
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 100ms));
  link.receive("-BUSY\r\n");
  link.kernel.sent.clear();
  link.advance(210ms);
  EXPECT_EQ(link.records[0]->code(), Errc::timeout);
  EXPECT_TRUE(link.kernel.sent.empty());
}

TEST(LinkCoreTest, LateReplyOnSharedConnectionIsDropped) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 100ms));
  link.submit({"GET", "b"});
  link.advance(103ms);
  EXPECT_EQ(link.records[0]->code(), Errc::timeout);
  EXPECT_EQ(link.records[0]->effect(), Effect::indeterminate);
  EXPECT_NE(link.status.overdue(), 0U);
  EXPECT_EQ(link.status.given_up(), 1U);
  EXPECT_EQ(link.closes, 0U);
  link.receive("+late\r\n");
  EXPECT_EQ(link.status.overdue(), 0U);
  EXPECT_EQ(link.status.given_up(), 0U);
  link.receive("+b\r\n");
  EXPECT_EQ(link.records[1]->replies, std::vector<std::string>{"+b\r\n"});
}

TEST(LinkCoreTest, OverdueUntilNewestLateReplyHasArrived) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 300ms));
  link.submit(link.make({"GET", "b"}).until(link.now + 100ms));
  link.advance(103ms);
  link.advance(200ms);
  EXPECT_EQ(link.status.given_up(), 2U);
  link.receive("+a\r\n");
  EXPECT_NE(link.status.overdue(), 0U);
  link.receive("+b\r\n");
  EXPECT_EQ(link.status.overdue(), 0U);
  link.submit(link.make({"GET", "c"}).until(link.now + 100ms));
  link.advance(1s);
  link.end_of_stream();
  EXPECT_EQ(link.status.overdue(), 0U);
}

TEST(LinkCoreTest, LateOperationClosesExclusiveConnection) {
  ScriptedLink link(of_kind(Kind::exclusive));
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 100ms));
  link.submit({"GET", "b"});
  link.advance(103ms);
  EXPECT_EQ(link.records[0]->code(), Errc::timeout);
  EXPECT_EQ(link.records[1]->code(), Errc::connection_lost);
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::timeout});
  EXPECT_EQ(link.status.overdue(), 0U);
  EXPECT_EQ(link.admission.failed_tickets(), 1U) << "one timeout is one failure";
}

TEST(LinkCoreTest, RepliesThatHaveArrivedAreNotLate) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 100ms));
  link.kernel.arrived = "+1\r\n";
  link.advance(10s);
  EXPECT_TRUE(link.records[0]->succeeded());
}

// --- Silence.

TEST(LinkCoreTest, SilentConnectionIsClosed) {
  ScriptedLink link;
  link.open();
  link.advance(3s);
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  link.advance(4900ms);
  link.receive("+1\r\n");
  link.advance(4900ms);
  EXPECT_EQ(link.closes, 0U) << "it counts from the previous reply on";
  link.receive("$9\r\nabc");
  link.advance(200ms);
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::timeout});
  EXPECT_EQ(link.records[1]->code(), Errc::connection_lost);
  EXPECT_EQ(link.records[1]->effect(), Effect::indeterminate);
  EXPECT_EQ(link.admission.failed_tickets(), 1U);
}

TEST(LinkCoreTest, TombstoneIsSilentToo) {
  ScriptedLink link;
  link.open();
  link.submit(link.make({"GET", "a"}).until(link.now + 1s));
  link.advance(4900ms);
  EXPECT_EQ(link.closes, 0U);
  link.advance(200ms);
  EXPECT_EQ(link.closes, 1U);
}

TEST(LinkCoreTest, IdleConnectionIsNotSilent) {
  ScriptedLink link;
  link.open();
  link.submit({"GET", "a"});
  link.receive("+1\r\n");
  link.advance(1h);
  EXPECT_EQ(link.closes, 0U);
}

TEST(LinkCoreTest, BlockingCommandMaySilence) {
  for (const Kind kind : {Kind::shared, Kind::exclusive}) {
    ScriptedLink link(of_kind(kind));
    link.open();
    link.submit(link.make({"BLPOP", "a", "0"}).blocks(0ms).until(TimePoint::max()));
    link.submit(link.make({"GET", "b"}).until(TimePoint::max()));
    link.advance(100h);
    EXPECT_EQ(link.closes, 0U);
    link.receive("*-1\r\n");
    EXPECT_TRUE(link.records[0]->succeeded());
    EXPECT_EQ(link.closes, 0U);
  }
}

TEST(LinkCoreTest, LongTimeLimitIsPatientOnExclusiveConnection) {
  for (const Kind kind : {Kind::shared, Kind::exclusive}) {
    for (const auto limit : {5000ms, 5001ms}) {
      ScriptedLink link(of_kind(kind));
      link.open();
      ScriptedOperation& operation = link.make({"GET", "a"});
      operation.options.timeout = limit;
      link.submit(operation);
      link.advance(6s);
      EXPECT_EQ(link.closes, kind == Kind::exclusive && limit > 5s ? 0U : 1U);
    }
  }
}

// --- Retiring.

TEST(LinkCoreTest, IdleConnectionRetiresAtOnce) {
  ScriptedLink link;
  link.open();
  link.retire(CloseReason::lifetime);
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::lifetime});
}

TEST(LinkCoreTest, BusyConnectionRetiresAfterItsReplies) {
  ScriptedLink link;
  link.open();
  link.submit({"GET", "a"});
  link.submit(link.make({"GET", "t"}).known_as(1));
  link.retire(CloseReason::role);
  link.retire(CloseReason::idle);
  link.submit({"GET", "b"});
  link.cancel(1, Cancellation::terminal);
  EXPECT_EQ(link.closes, 0U);
  link.receive("+a\r\n");
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::role})
      << "for the first reason; tombstones are not awaited";
  EXPECT_EQ(link.count(EventKind::wanted), 1U);
  link.open();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "b"}));
  EXPECT_EQ(link.closes, 1U) << "the next connection does not retire";
}

TEST(LinkCoreTest, ClosedConnectionCannotRetire) {
  ScriptedLink link;
  link.retire(CloseReason::lifetime);
  link.begin_opening();
  link.retire(CloseReason::lifetime);
  link.opened();
  link.submit({"GET", "a"});
  link.receive("+a\r\n");
  EXPECT_EQ(link.closes, 0U);
}

// --- Losses.

TEST(LinkCoreTest, LossWithoutConnectionChangesNothing) {
  ScriptedLink link;
  link.submit({"GET", "a"});
  link.end_of_stream();
  link.begin_opening();
  link.end_of_stream();
  EXPECT_EQ(link.alive(), 1U);
  EXPECT_EQ(link.closes, 0U);
  EXPECT_EQ(link.count(EventKind::closed), 0U);
}

TEST(LinkCoreTest, RepeatedOperationsKeepTheirOrderBeforeQueue) {
  ScriptedLink link;
  link.admission.lost = retry_once;
  link.open();
  link.kernel.room = 60;
  for (const char* const key : {"a", "b", "c", "d"}) link.push(link.make({"GET", key}));
  link.wake();
  link.submit({"GET", "e"});
  link.end_of_stream();
  EXPECT_EQ(link.alive(), 5U);
  link.open();
  std::string all;
  for (const char* const key : {"a", "b", "c", "d", "e"}) all += encoded({"GET", key});
  EXPECT_EQ(link.kernel.sent, all);
  link.receive("+a\r\n+b\r\n+c\r\n+d\r\n+e\r\n");
  for (std::size_t i = 0; i != 5; ++i) {
    EXPECT_TRUE(link.records[i]->succeeded());
    EXPECT_EQ(link.records[i]->uncertain, i < 3) << "60 bytes are three whole commands";
  }
}

TEST(LinkCoreTest, LostOperationIsRepeatedAfterDelay) {
  ScriptedLink link;
  link.admission.lost = [](auto&, auto&, bool) { return 100ms; };
  link.open();
  link.submit({"GET", "a"});
  link.end_of_stream();
  link.open();
  EXPECT_TRUE(link.kernel.sent.empty());
  link.advance(103ms);
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
}

TEST(LinkCoreTest, NothingIsRepeatedAfterStop) {
  ScriptedLink link;
  link.admission.lost = retry_once;
  link.open();
  link.kernel.room = encoded({"GET", "a"}).size();
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  link.stop(link.now);
  EXPECT_EQ(link.records[0]->code(), Errc::closed);
  EXPECT_EQ(link.records[0]->effect(), Effect::indeterminate);
  EXPECT_EQ(link.records[1]->code(), Errc::closed);
  EXPECT_EQ(link.records[1]->effect(), Effect::not_sent);
}

TEST(LinkCoreTest, EffectsCountBytesOfThisConnectionOnly) {
  ScriptedLink link;
  link.open();
  for (int i = 0; i != 10; ++i) {
    link.submit({"GET", "a"});
    link.receive("+1\r\n");
  }
  link.end_of_stream();
  link.begin_opening();
  link.opened();
  link.kernel.room = 5;
  link.submit({"GET", "b"});
  link.end_of_stream();
  EXPECT_EQ(link.records.back()->effect(), Effect::not_sent);
  EXPECT_EQ(link.records.back()->reached, 5U);
}

// --- Stop.

TEST(LinkCoreTest, StopOfIdleConnectionReportsItsEndFirst) {
  for (const auto later : {0s, 10s}) {
    ScriptedLink link;
    link.open();
    link.stop(link.now + later);
    EXPECT_EQ(kinds(link), (Kinds{EventKind::opened, EventKind::closed, EventKind::stopped}));
    EXPECT_EQ(link.closed_for(), Reasons{CloseReason::shutdown});
    EXPECT_EQ(link.closes, 1U);
  }
}

TEST(LinkCoreTest, StopOfLinkWithoutConnectionEndsAtOnce) {
  ScriptedLink closed;
  closed.stop(closed.now + 10s);
  EXPECT_EQ(kinds(closed), Kinds{EventKind::stopped});
  ScriptedLink opening;
  opening.begin_opening();
  opening.stop(opening.now + 10s);
  EXPECT_EQ(kinds(opening), Kinds{EventKind::stopped});
}

TEST(LinkCoreTest, StopLetsAcceptedOperationsEnd) {
  ScriptedLink link;
  link.submit({"GET", "a"});
  link.stop(link.now + 10s);
  link.submit({"GET", "late"});
  EXPECT_EQ(link.records[1]->code(), Errc::closed);
  EXPECT_FALSE(link.stopped);
  EXPECT_EQ(link.count(EventKind::wanted), 1U);
  link.open();
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
  link.wake();
  EXPECT_EQ(link.count(EventKind::woken), 0U);
  link.receive("+a\r\n");
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_TRUE(link.stopped);
}

TEST(LinkCoreTest, StopEndsEverythingAtItsDeadline) {
  ScriptedLink link;
  link.admission.refused = [](auto&, std::string_view) { return 30s; };
  link.open();
  link.submit(link.make({"GET", "delayed"}).until(link.now + 1h));
  link.receive("-BUSY\r\n");
  link.kernel.room = encoded({"GET", "sent"}).size() + 1;
  link.submit(link.make({"GET", "sent"}).until(link.now + 1h));
  link.submit({"GET", "half"});
  link.submit({"GET", "queued"});
  link.stop(link.now + 2s);
  link.stop(link.now + 10s);
  link.advance(1999ms);
  EXPECT_EQ(link.alive(), 4U);
  link.advance(1ms);
  ASSERT_TRUE(link.stopped);
  for (const auto& record : link.records) {
    EXPECT_EQ(record->code(), Errc::closed);
    EXPECT_EQ(record->effect(), &record == &link.records[1] ? Effect::indeterminate : Effect::not_sent);
  }
  EXPECT_EQ(link.closed_for(), Reasons{CloseReason::shutdown});
  EXPECT_EQ(link.admission.failed_tickets(), 0U);
}

TEST(LinkCoreTest, EarlierStopWins) {
  ScriptedLink link;
  link.submit({"GET", "a"});
  link.stop(link.now + 10s);
  link.stop(link.now);
  EXPECT_TRUE(link.stopped);
  EXPECT_EQ(link.records[0]->effect(), Effect::not_sent);
}

TEST(LinkCoreTest, OperationSubmittedInsideLastHandlerEnds) {
  ScriptedLink link;
  OperationRecordPtr last;
  link.submit(link.make({"GET", "a"}).then([&] { last = link.submit({"GET", "b"}); }));
  link.stop(link.now);
  EXPECT_TRUE(link.stopped);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->code(), Errc::closed);
}

TEST(LinkCoreTest, DroppedOperationsShowWhetherTheyMayHaveRun) {
  ScriptedLink link;
  link.open();
  link.kernel.room = 3;
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  link.drop();
  EXPECT_EQ(link.records[0]->destroyed, 1);
  EXPECT_NE(link.records[0]->sequence, 0U);
  EXPECT_EQ(link.records[1]->sequence, 0U);
  EXPECT_TRUE(link.core.closed());
}

// --- Hand-over.

TEST(LinkCoreTest, HandedOverOperationsBelongToOtherLink) {
  ScriptedLink from;
  ScriptedLink to;
  from.open();
  from.kernel.room = 0;
  from.submit({"GET", "sent"});
  from.submit(from.make({"GET", "a"}).known_as(1).until(from.now + 1s));
  from.submit({"GET", "b"});
  from.hand_over(to);
  EXPECT_EQ(from.alive(), 1U);
  EXPECT_EQ(to.alive(), 2U);
  from.cancel(1, Cancellation::terminal);
  EXPECT_FALSE(from.found());
  from.advance(2s);
  EXPECT_EQ(to.alive(), 2U);
  to.cancel(1, Cancellation::total);
  EXPECT_TRUE(to.found());
  to.open();
  EXPECT_EQ(to.kernel.sent, encoded({"GET", "b"}));
}

// --- Events.

TEST(LinkCoreTest, ExclusiveLinkReportsIdleAfterLastOperation) {
  ScriptedLink link(of_kind(Kind::exclusive));
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  link.open();
  link.receive("+a\r\n");
  EXPECT_EQ(link.count(EventKind::idle), 0U);
  link.receive("+b\r\n");
  EXPECT_EQ(link.count(EventKind::idle), 1U);
  link.wake();
  EXPECT_EQ(link.count(EventKind::idle), 1U);
  EXPECT_EQ(link.count(EventKind::woken), 1U);
  link.submit(link.make({"GET", "c"}).until(link.now));
  EXPECT_EQ(link.count(EventKind::idle), 2U) << "also after a failure";
}

TEST(LinkCoreTest, IdleLinkIsNotIdleIfHandlerContinues) {
  ScriptedLink link(of_kind(Kind::exclusive));
  link.open();
  link.submit(link.make({"GET", "a"}).then([&] { link.submit({"GET", "b"}); }));
  link.receive("+a\r\n");
  EXPECT_EQ(link.count(EventKind::idle), 0U);
  link.receive("+b\r\n");
  EXPECT_EQ(link.count(EventKind::idle), 1U);
}

// --- Handlers that throw.

TEST(LinkCoreTest, FailedOperationsAllEndAlthoughHandlersThrow) {
  struct FromHandler : std::runtime_error {
    FromHandler() : std::runtime_error("from a handler") {}
  };
  ScriptedLink link;
  link.open();
  for (int i = 0; i != 4; ++i) link.push(link.make({"GET", "a"}).then([] { throw FromHandler(); }));
  link.wake();
  EXPECT_EQ(link.absorb<FromHandler>([&] { link.submit(link.connect().then([] { throw FromHandler(); })); }),
            1);
  EXPECT_EQ(link.absorb<FromHandler>([&] { link.end_of_stream(); }), 4);
  EXPECT_EQ(link.alive(), 0U);
  EXPECT_EQ(link.closes, 1U) << "the socket is closed although the turn ended early";
  EXPECT_EQ(link.count(EventKind::closed), 1U);
}

}  // namespace
}  // namespace redstart::test
