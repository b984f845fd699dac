// SPDX-License-Identifier: Apache-2.0
// link_receiver_test.cpp: replies cut at each byte, early, unsolicited and doubtful ones.
#include "protocol/link_receiver.hpp"

#include <gtest/gtest.h>

#include <bit>
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
using Replies = std::vector<std::string>;

struct HandlerFailure : std::runtime_error {
  HandlerFailure() : std::runtime_error("from a handler") {}
};

ScriptedLink::Settings with_integrity() {
  ScriptedLink::Settings settings;
  settings.integrity = true;
  return settings;
}

// A GET, a batch of three and another GET, in flight. With integrity a fence follows.
void put_in_flight(ScriptedLink& link) {
  link.open();
  link.push(link.make({"GET", "a"}));
  link.push(link.batch({{"GET", "b"}, {"LRANGE", "c", "0", "-1"}, {"GET", "d"}}));
  link.push(link.make({"GET", "e"}));
  link.wake();
}
const Replies in_order = {"$1\r\na\r\n", "$-1\r\n", "*2\r\n:1\r\n$2\r\nxy\r\n", "-WRONGTYPE no\r\n",
                          "+e\r\n"};
constexpr std::string_view push = ">2\r\n+news\r\n$3\r\nabc\r\n";

void expect_delivered(const ScriptedLink& link) {
  EXPECT_EQ(link.records[0]->replies, Replies(in_order.begin(), in_order.begin() + 1));
  EXPECT_EQ(link.records[1]->replies, Replies(in_order.begin() + 1, in_order.begin() + 4));
  EXPECT_EQ(link.records[2]->replies, Replies(in_order.begin() + 4, in_order.end()));
  for (const auto& record : link.records) EXPECT_TRUE(record->succeeded());
  EXPECT_EQ(link.admission.answers, 5U);
  EXPECT_EQ(link.admission.errors, 1U);
  EXPECT_EQ(link.closes, 0U);
}
// The reply to the fence that was sent last.
std::string fence_reply(const ScriptedLink& link) {
  return "$16\r\n" + link.kernel.sent.substr(link.kernel.sent.size() - 18);
}
std::string joined(const Replies& replies, std::string_view between = {}) {
  std::string all(between);
  for (const std::string& reply : replies) all.append(reply).append(between);
  return all;
}
std::uint64_t pushes(const ScriptedLink& link) {
  std::uint64_t count = 0;
  for (const auto& event : link.events) count += event.pushes;
  return count;
}

TEST(LinkReceiverTest, DeliversRepliesCutAtEachTwoBytes) {
  const std::string all = joined(in_order, push);
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (std::size_t second = first; second <= all.size(); ++second) {
      ScriptedLink link;
      put_in_flight(link);
      link.receive(all.substr(0, first));
      link.receive(all.substr(first, second - first));
      link.receive(all.substr(second));
      expect_delivered(link);
      ASSERT_EQ(pushes(link), 6U);
      ASSERT_FALSE(::testing::Test::HasFailure()) << first << ' ' << second;
    }
  }
}

TEST(LinkReceiverTest, DeliversRepliesByteByByte) {
  for (const auto& settings : {ScriptedLink::Settings{}, with_integrity()}) {
    ScriptedLink link(settings);
    put_in_flight(link);
    const std::string all = joined(in_order, push) + (settings.integrity ? fence_reply(link) : "");
    for (const char byte : all) link.receive({&byte, 1});
    expect_delivered(link);
    EXPECT_EQ(pushes(link), 6U);
  }
}

TEST(LinkReceiverTest, HoldsRepliesUntilFenceCutAtEachByte) {
  for (std::size_t cut = 0;; ++cut) {
    ScriptedLink link(with_integrity());
    put_in_flight(link);
    const std::string all = joined(in_order, push) + fence_reply(link);
    if (cut == all.size()) break;
    link.receive(all.substr(0, cut));
    for (const auto& record : link.records) ASSERT_TRUE(record->replies.empty());
    link.receive(all.substr(cut));
    expect_delivered(link);
    ASSERT_FALSE(::testing::Test::HasFailure()) << cut;
  }
}

TEST(LinkReceiverTest, DeliversEachReplyAsSoonAsItIsComplete) {
  ScriptedLink link;
  put_in_flight(link);
  link.receive(in_order[0] + in_order[1] + "*2\r\n:1");
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.records[1]->replies.size(), 1U);
  EXPECT_FALSE(link.records[1]->ended());
}

// Replies that do not belong.

TEST(LinkReceiverTest, UnsolicitedReplyClosesAtItsFirstByte) {
  for (const std::string_view reply : {"+OK\r\n", "-ERR\r\n", ":1\r\n", "$1\r\na\r\n", "*0\r\n", "_\r\n"}) {
    for (std::size_t size = 1; size <= reply.size(); ++size) {
      ScriptedLink link;
      link.open();
      link.receive(reply.substr(0, size));
      EXPECT_EQ(link.closed_for(), std::vector{CloseReason::desync}) << reply.substr(0, size);
    }
  }
}

TEST(LinkReceiverTest, ReplyBehindLastOneCloses) {
  ScriptedLink link;
  put_in_flight(link);
  link.receive(joined(in_order) + "+");
  for (const auto& record : link.records) EXPECT_TRUE(record->succeeded());
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::desync});
}

TEST(LinkReceiverTest, BytesThatAreNotRespClose) {
  for (std::size_t replies = 0; replies <= 4; ++replies) {
    ScriptedLink link;
    put_in_flight(link);
    link.receive(joined(Replies(in_order.begin(), in_order.begin() + static_cast<std::ptrdiff_t>(replies))));
    link.receive("HTTP/1.1 400\r\n");
    EXPECT_EQ(link.closed_for(), std::vector{CloseReason::protocol});
    EXPECT_EQ(link.records[0]->succeeded(), replies >= 1);
    EXPECT_EQ(link.records[1]->succeeded(), replies >= 4);
    EXPECT_EQ(link.records[2]->code(), Errc::protocol_error);
    EXPECT_EQ(link.records[2]->effect(), Effect::indeterminate);
  }
}

TEST(LinkReceiverTest, PushOnIdleConnectionIsDropped) {
  ScriptedLink link;
  link.open();
  for (const char byte : push) link.receive({&byte, 1});
  EXPECT_EQ(link.closes, 0U);
  EXPECT_EQ(pushes(link), 1U);
  link.submit({"GET", "a"});
  link.receive("+1\r\n");
  EXPECT_TRUE(link.records[0]->succeeded());
}

TEST(LinkReceiverTest, ReportsPushesOfHandshake) {
  ScriptedLink link;
  link.begin_opening();
  link.opened(3);
  EXPECT_EQ(pushes(link), 3U);
}

TEST(LinkReceiverTest, HalfReplyOfLostConnectionIsForgotten) {
  ScriptedLink link;
  link.open();
  link.submit({"GET", "a"});
  link.receive("$5\r\nab");
  link.end_of_stream();
  link.submit({"GET", "b"});
  link.open();
  link.receive("$1\r\nb\r\n");
  EXPECT_EQ(link.records[0]->code(), Errc::connection_lost);
  EXPECT_EQ(link.records[1]->replies, Replies{"$1\r\nb\r\n"});
}

// Replies that arrive before their command was sent whole.

TEST(LinkReceiverTest, ValueBeforeLastByteOfCommandCloses) {
  const std::size_t size = encoded({"GET", "a"}).size();
  for (std::size_t written = 0; written <= size; ++written) {
    for (const bool error : {false, true}) {
      ScriptedLink link;
      link.open();
      link.kernel.room = written;
      link.submit({"GET", "a"});
      link.receive(error ? "-ERR no\r\n" : "+1\r\n");
      if (written == size || error) {
        EXPECT_TRUE(link.records[0]->succeeded());
        EXPECT_EQ(link.closes, 0U);
      } else {
        EXPECT_EQ(link.records[0]->effect(), Effect::not_sent) << written;
        EXPECT_EQ(link.closed_for(), std::vector{CloseReason::desync});
      }
    }
  }
}

TEST(LinkReceiverTest, EarlyRepliesInBatchAreAcceptedUntilLastOne) {
  const std::size_t one = encoded({"GET", "a"}).size();
  for (std::size_t written = 1; written <= 2 * one; ++written) {
    ScriptedLink link;
    link.open();
    link.kernel.room = written;
    link.submit(link.batch({{"GET", "a"}, {"GET", "b"}}));
    link.receive("+1\r\n");
    EXPECT_EQ(link.closes, 0U);
    link.receive("+2\r\n");
    EXPECT_EQ(link.records[0]->succeeded(), written == 2 * one) << written;
    EXPECT_EQ(link.closes, written == 2 * one ? 0U : 1U);
  }
}

TEST(LinkReceiverTest, EarlyReplyAmongHeldOnesCloses) {
  for (std::size_t left = 0; left != 60; ++left) {
    ScriptedLink link(with_integrity());
    link.open();
    link.push(link.make({"GET", "a"}));
    link.push(link.make({"GET", "b"}));
    const std::size_t size = 2 * encoded({"GET", "a"}).size();
    link.kernel.room = size + protocol::Fences::size - left;
    link.wake();
    link.receive("+1\r\n+2\r\n");
    EXPECT_EQ(link.closes, left <= protocol::Fences::size ? 0U : 1U) << left;
    EXPECT_EQ(link.records[0]->ended(), link.closes != 0);
  }
}

// Integrity: each change of the stream of replies closes, and delivers nothing of the block.

void expect_doubted(const ScriptedLink& link, const std::string& stream) {
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::desync}) << stream;
  for (const auto& record : link.records) {
    EXPECT_TRUE(record->replies.empty()) << stream;
    EXPECT_EQ(record->code(), Errc::protocol_error);
    EXPECT_EQ(record->effect(), Effect::indeterminate);
  }
}
template <class Change>
void check_change(Change change) {
  for (std::size_t at = 0; at != in_order.size(); ++at) {
    ScriptedLink link(with_integrity());
    put_in_flight(link);
    Replies replies = in_order;
    replies.push_back(fence_reply(link));
    change(replies, at);
    link.receive(joined(replies));
    link.receive(replies.back());  // until the missing one is noticed
    expect_doubted(link, joined(replies));
  }
}

TEST(LinkReceiverTest, DetectsLostReplyAtEachPosition) {
  check_change([](Replies& replies, std::size_t at) {
    replies.erase(replies.begin() + static_cast<std::ptrdiff_t>(at));
    replies.emplace_back("$1\r\nx\r\n");  // of the next block
  });
}

TEST(LinkReceiverTest, DetectsRepeatedReplyAtEachPosition) {
  check_change([](Replies& replies, std::size_t at) {
    replies.insert(replies.begin() + static_cast<std::ptrdiff_t>(at), replies[at]);
  });
}

TEST(LinkReceiverTest, DetectsInventedReplyAtEachPosition) {
  for (const char* const invented : {"+OK\r\n", "-ERR\r\n", "$16\r\n0000000000000000\r\n"})
    check_change([invented](Replies& replies, std::size_t at) {
      replies.insert(replies.begin() + static_cast<std::ptrdiff_t>(at), invented);
    });
}

TEST(LinkReceiverTest, DetectsFenceAtEachWrongPosition) {
  check_change([](Replies& replies, std::size_t at) {
    std::swap(replies[at], replies.back());
    replies.emplace_back("+\r\n");
  });
}

TEST(LinkReceiverTest, DetectsErrorInPlaceOfFence) {
  ScriptedLink link(with_integrity());
  put_in_flight(link);
  link.receive(joined(in_order) + "-NOPERM\r\n");
  expect_doubted(link, "NOPERM");
}

TEST(LinkReceiverTest, DetectsFenceOfEarlierBlock) {
  ScriptedLink link(with_integrity());
  link.open();
  link.submit({"GET", "a"});
  const std::string earlier = fence_reply(link);
  link.receive("+1\r\n" + earlier);
  EXPECT_TRUE(link.records[0]->succeeded());
  link.submit({"GET", "b"});
  link.receive("+1\r\n" + earlier);
  EXPECT_EQ(link.records[1]->code(), Errc::protocol_error);
}

TEST(LinkReceiverTest, DeliversBlocksThatFollowEachOther) {
  ScriptedLink link(with_integrity());
  link.open();
  link.submit({"GET", "a"});
  const std::string first = fence_reply(link);
  link.submit({"GET", "b"});
  const std::string second = fence_reply(link);
  link.receive("+1\r\n" + first + "+2\r\n" + second.substr(0, 9));
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_FALSE(link.records[1]->ended());
  link.receive(second.substr(9));
  EXPECT_EQ(link.records[1]->replies, Replies{"+2\r\n"});
}

TEST(LinkReceiverTest, FenceOfLargeCommandIsSentWhileConnectionRetires) {
  ScriptedLink::Settings settings = with_integrity();
  settings.scratch = 96;
  for (const std::size_t room : {0U, 1U, 100U, 229U}) {
    ScriptedLink link(settings);
    link.open();
    link.kernel.room = room;
    link.submit({"SET", "k", std::string(200, 'v')});
    link.retire(CloseReason::lifetime);
    EXPECT_EQ(link.alive(), 1U);
    link.submit({"GET", "a"});
    while (link.awaits_writable()) link.writable(ScriptedKernel::no_limit);
    ASSERT_EQ(link.kernel.sent.size(),
              encoded({"SET", "k", std::string(200, 'v')}).size() + protocol::Fences::size);
    link.receive("+OK\r\n" + fence_reply(link));
    EXPECT_TRUE(link.records[0]->succeeded());
    EXPECT_EQ(link.closed_for(), std::vector{CloseReason::lifetime});
    EXPECT_FALSE(link.records[1]->ended());
  }
}

TEST(LinkReceiverTest, ReplyOfLargeCommandIsHeldUntilItsFenceWasSent) {
  ScriptedLink::Settings settings = with_integrity();
  settings.scratch = 96;
  ScriptedLink link(settings);
  const std::size_t size = encoded({"SET", "k", std::string(200, 'v')}).size();
  link.open();
  link.kernel.room = size;
  link.submit({"SET", "k", std::string(200, 'v')});
  EXPECT_EQ(link.kernel.sent.size(), size);
  link.receive("+OK\r\n");
  EXPECT_FALSE(link.records[0]->ended());
  link.writable(ScriptedKernel::no_limit);
  EXPECT_EQ(link.kernel.sent.size(), size + protocol::Fences::size);
  link.receive(fence_reply(link));
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.closes, 0U);
}

TEST(LinkReceiverTest, SecondReplyWithoutCommandClosesBeforeFenceWasSent) {
  ScriptedLink::Settings settings = with_integrity();
  settings.scratch = 96;
  ScriptedLink link(settings);
  link.open();
  link.kernel.room = encoded({"SET", "k", std::string(200, 'v')}).size();
  link.submit({"SET", "k", std::string(200, 'v')});
  link.receive("+OK\r\n+OK\r\n");
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::desync});
  EXPECT_TRUE(link.records[0]->replies.empty());
}

TEST(LinkReceiverTest, TooManyPushesAmongHeldRepliesClose) {
  ScriptedLink::Settings settings = with_integrity();
  ScriptedLink link(settings);
  put_in_flight(link);
  link.receive(in_order[0]);
  const std::string large = ">1\r\n" + bulk_reply(std::string(300 << 10, 'x'));
  link.receive(large);
  EXPECT_EQ(link.closes, 0U);
  link.receive(large);
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::protocol});
  ScriptedLink open;
  put_in_flight(open);
  for (int i = 0; i != 5; ++i) open.receive(large);
  EXPECT_EQ(open.closes, 0U) << "without integrity they are dropped at once";
}

TEST(LinkReceiverTest, HeldRepliesKeepSilenceAway) {
  ScriptedLink link(with_integrity());
  put_in_flight(link);
  link.advance(4s);
  link.receive(in_order[0]);
  link.advance(4s);
  EXPECT_EQ(link.closes, 0U);
  link.receive("*");
  link.advance(2s);
  EXPECT_EQ(link.closed_for(), std::vector{CloseReason::timeout}) << "bytes that trickle in do not count";
}

// Tombstones.

TEST(LinkReceiverTest, DropsRepliesOfTombstones) {
  for (const bool integrity : {false, true}) {
    ScriptedLink link(integrity ? with_integrity() : ScriptedLink::Settings{});
    link.open();
    link.push(link.make({"GET", "a"}).known_as(1));
    link.push(link.batch({{"GET", "b"}, {"GET", "c"}}).known_as(2));
    link.push(link.make({"GET", "d"}));
    link.wake();
    link.cancel(1, engine::Cancellation::terminal);
    link.cancel(2, engine::Cancellation::terminal);
    EXPECT_EQ(link.status.given_up(), 2U);
    EXPECT_EQ(link.status.load().operations, 1U);
    const std::string fence = integrity ? fence_reply(link) : "";
    link.receive("-ERR a\r\n+b\r\n");
    if (!integrity) {
      EXPECT_EQ(link.status.given_up(), 1U) << "a batch is one tombstone until its last reply";
    }
    link.receive("+c\r\n+d\r\n" + fence);
    EXPECT_EQ(link.status.given_up(), 0U);
    EXPECT_EQ(link.records[2]->replies, Replies{"+d\r\n"});
    EXPECT_EQ(link.admission.answers, 1U);
    EXPECT_EQ(link.admission.errors, 0U);
  }
}

TEST(LinkReceiverTest, BatchGivenUpBetweenItsRepliesIsTombstone) {
  ScriptedLink link;
  link.open();
  link.submit(link.batch({{"GET", "a"}, {"GET", "b"}, {"GET", "c"}}).known_as(1));
  link.submit({"GET", "d"});
  link.receive("+a\r\n");
  link.cancel(1, engine::Cancellation::terminal);
  link.receive("+b\r\n+c\r\n+d\r\n");
  EXPECT_EQ(link.records[0]->code(), Errc::cancelled);
  EXPECT_EQ(link.records[1]->replies, Replies{"+d\r\n"});
  EXPECT_EQ(link.status.given_up(), 0U);
}

// Errors of the server.

TEST(LinkReceiverTest, RefusedOperationIsRepeatedAfterDelay) {
  ScriptedLink link;
  link.admission.refused = [](auto&, std::string_view message) -> ScriptedAdmission::Delay {
    if (!message.starts_with("BUSY")) return std::nullopt;
    return 20ms;
  };
  link.open();
  link.submit({"GET", "a"});
  link.submit({"GET", "b"});
  link.receive("-BUSY running\r\n-ERR no\r\n");
  EXPECT_FALSE(link.records[0]->ended());
  EXPECT_EQ(link.records[1]->replies, Replies{"-ERR no\r\n"});
  link.kernel.sent.clear();
  link.advance(19ms);
  EXPECT_TRUE(link.kernel.sent.empty());
  link.advance(3ms);
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "a"}));
  link.receive("+1\r\n");
  EXPECT_EQ(link.records[0]->replies, Replies{"+1\r\n"});
  EXPECT_EQ(link.records[0]->attempts, 1U);
}

TEST(LinkReceiverTest, RefusalAfterLostAttemptStaysIndeterminate) {
  ScriptedLink link;
  link.admission.lost = [](auto&, auto&, bool) { return 0ms; };
  link.open();
  link.submit({"SET", "a", "1"});
  link.end_of_stream();
  link.open();
  link.receive("-OOM no memory\r\n");
  EXPECT_EQ(link.records[0]->code(), Errc::server_error);
  EXPECT_EQ(link.records[0]->effect(), Effect::indeterminate) << "the first attempt may have run";
  EXPECT_EQ(link.records[0]->error->info().server, "OOM no memory");
  EXPECT_TRUE(link.records[0]->replies.empty());
}

TEST(LinkReceiverTest, RefusalAfterUnsentAttemptIsItsReply) {
  ScriptedLink link;
  link.admission.lost = [](auto&, auto&, bool) { return 0ms; };
  link.open();
  link.kernel.room = 3;
  link.submit({"SET", "a", "1"});
  link.end_of_stream();
  link.open();
  link.receive("-OOM no memory\r\n");
  EXPECT_EQ(link.records[0]->replies, Replies{"-OOM no memory\r\n"});
}

TEST(LinkReceiverTest, ShowsNoSecretOfRefusedCommandInBatch) {
  ScriptedLink link;
  link.open();
  link.submit(link.batch(
      {{"GET", "x"}, {"AUTH", "hunter2"}, {"GET", "x"}, {"CONFIG", "SET", "requirepass", "swordfish"}}));
  link.receive("+1\r\n-ERR bad hunter2\r\n+2\r\n-ERR bad swordfish\r\n");
  ASSERT_EQ(link.records[0]->replies.size(), 4U);
  EXPECT_EQ(link.records[0]->replies[1].find("hunter2"), std::string::npos);
  EXPECT_EQ(link.records[0]->replies[3].find("swordfish"), std::string::npos);
  EXPECT_TRUE(link.records[0]->replies[3].starts_with("-ERR bad"));
}

TEST(LinkReceiverTest, ReportsRunsOfAnswersThatStartedTogether) {
  ScriptedLink link;
  link.open();
  link.push(link.make({"GET", "a"}));
  link.push(link.batch({{"GET", "b"}, {"GET", "c"}}));
  link.advance(1ms);
  link.push(link.make({"GET", "d"}));
  link.push(link.make({"PING"}).of_the_pool());
  link.wake();
  link.advance(7ms);
  link.receive("+PONG\r\n+a\r\n+b\r\n-ERR c\r\n+d\r\n");
  EXPECT_EQ(link.admission.reports, 2U);
  EXPECT_EQ(link.admission.answers, 4U) << "the pool's own PING is not counted";
  EXPECT_EQ(link.admission.errors, 1U);
  EXPECT_EQ(link.admission.latency, 7ms);
}

TEST(LinkReceiverTest, ReportsOperationsByCommand) {
  ScriptedLink link;
  link.open();
  link.push(link.make({"GET", "a"}));
  link.push(link.make({"GET", "b"}));
  link.push(link.make({"SET", "c", "1"}));
  link.push(link.batch({{"GET", "d"}, {"GET", "e"}}));
  link.advance(1ms);
  link.push(link.make({"GET", "f"}));
  link.push(link.make({"GET", "g"}));
  link.push(link.make({"PING"}).of_the_pool());
  link.wake();
  link.advance(7ms);
  link.receive("+PONG\r\n+a\r\n+b\r\n+OK\r\n+d\r\n-ERR e\r\n-WRONGTYPE f\r\n+g\r\n");
  using Successes = ScriptedAdmission::Successes;
  EXPECT_EQ(link.admission.successes, (std::vector<Successes>{{operation_id("GET"), 2, 8ms},
                                                              {operation_id("SET"), 1, 8ms},
                                                              {OperationId::pipeline, 1, 8ms},
                                                              {operation_id("GET"), 1, 7ms}}));
  using ErrorReply = ScriptedAdmission::ErrorReply;
  EXPECT_EQ(link.admission.error_replies,
            (std::vector<ErrorReply>{{OperationId::pipeline, "ERR e", 8ms},
                                     {operation_id("GET"), "WRONGTYPE f", 7ms}}));
}

TEST(LinkReceiverTest, ReportsBatchWhoseRepliesArriveInTwoTurnsOnce) {
  ScriptedLink link;
  link.open();
  link.submit(link.batch({{"GET", "a"}, {"GET", "b"}}));
  link.receive("+a\r\n");
  EXPECT_TRUE(link.admission.successes.empty());
  link.receive("-ERR b\r\n");
  ASSERT_EQ(link.admission.successes.size(), 1U);
  EXPECT_EQ(link.admission.successes[0].command, OperationId::pipeline);
}

TEST(LinkReceiverTest, ReportsNoErrorOfAttemptThatIsRepeated) {
  ScriptedLink link;
  link.admission.refused = [](auto& operation, std::string_view) {
    return operation.attempts == 0 ? ScriptedAdmission::Delay(0ms) : std::nullopt;
  };
  link.open();
  link.submit(link.make({"GET", "a"}));
  link.receive("-LOADING a\r\n");
  EXPECT_TRUE(link.admission.error_replies.empty());
  EXPECT_TRUE(link.admission.successes.empty());
}

TEST(LinkReceiverTest, ReportsAnswersBeforeTheirHandlerRuns) {
  for (const bool integrity : {false, true}) {
    ScriptedLink link(integrity ? with_integrity() : ScriptedLink::Settings{});
    std::size_t seen = 0;
    link.open();
    link.push(link.make({"GET", "a"}));
    link.push(link.make({"GET", "b"}).then([&] { seen = link.admission.answers; }));
    link.wake();
    link.receive("+1\r\n+2\r\n" + (integrity ? fence_reply(link) : ""));
    EXPECT_EQ(seen, 2U);
  }
}

// Handlers.

TEST(LinkReceiverTest, HandlersThatThrowLoseNothing) {
  for (const bool integrity : {false, true}) {
    for (unsigned throwing = 0; throwing != 16; ++throwing) {
      for (const std::size_t cut : {0U, 5U, 11U}) {
        ScriptedLink link(integrity ? with_integrity() : ScriptedLink::Settings{});
        link.open();
        for (unsigned i = 0; i != 4; ++i)
          link.push(link.make({"GET", std::to_string(i)}).then([=] {
            if ((throwing & (1U << i)) != 0) throw HandlerFailure();
          }));
        link.wake();
        const std::string all = "+0\r\n+1\r\n+2\r\n+3\r\n" + (integrity ? fence_reply(link) : "");
        int thrown = link.absorb<HandlerFailure>([&] { link.receive(all.substr(0, cut)); });
        thrown += link.absorb<HandlerFailure>([&] { link.receive(all.substr(cut)); });
        EXPECT_EQ(thrown, std::popcount(throwing));
        for (std::size_t i = 0; i != 4; ++i)
          EXPECT_EQ(link.records[i]->replies, Replies{"+" + std::to_string(i) + "\r\n"});
        EXPECT_EQ(link.admission.answers, 4U);
        link.submit({"GET", "next"});
        link.receive("+next\r\n" + (integrity ? fence_reply(link) : ""));
        EXPECT_TRUE(link.records[4]->succeeded());
      }
    }
  }
}

TEST(LinkReceiverTest, HandlersSubmitAndCancelOthers) {
  ScriptedLink link;
  link.open();
  link.push(link.make({"GET", "a"}).then([&] {
    link.submit(link.make({"GET", "c"}).known_as(3));
    link.cancel(2, engine::Cancellation::terminal);  // in flight
    link.cancel(3, engine::Cancellation::terminal);  // submitted just now
    link.submit({"GET", "d"});
  }));
  link.push(link.make({"GET", "b"}).known_as(2));
  link.wake();
  link.kernel.sent.clear();
  link.receive("+a\r\n");
  EXPECT_TRUE(link.records[0]->succeeded());
  EXPECT_EQ(link.records[1]->code(), Errc::cancelled);
  EXPECT_EQ(link.records[2]->effect(), Effect::not_sent);
  EXPECT_EQ(link.kernel.sent, encoded({"GET", "d"}));
  link.receive("+b\r\n+d\r\n");
  EXPECT_EQ(link.records[3]->replies, Replies{"+d\r\n"});
}

TEST(LinkReceiverTest, HandlerThatRepeatsItsCallKeepsGoing) {
  ScriptedLink link;
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds != 200) link.submit(link.make({"GET", std::to_string(rounds)}).then(again));
  };
  link.open();
  link.submit(link.make({"GET", "0"}).then(again));
  for (int i = 0; i != 200; ++i) link.receive("+" + std::to_string(i) + "\r\n");
  EXPECT_EQ(rounds, 200);
  for (std::size_t i = 0; i != 200; ++i)
    EXPECT_EQ(link.records[i]->replies, Replies{"+" + std::to_string(i) + "\r\n"});
}

}  // namespace
}  // namespace redstart::test
