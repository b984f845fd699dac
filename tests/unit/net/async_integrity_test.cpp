// SPDX-License-Identifier: Apache-2.0
// async_integrity_test.cpp: detects swallowed, repeated, swapped and invented replies by fences.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Words = FakeConnection::Words;

// Answers one flush of `commands` commands and its fence, then everything that follows.
class Flush {
 public:
  Flush(FakeConnection& connection, std::size_t commands) : connection_(connection) {
    commands_.push_back(connection.handshake());
    while (commands_.size() <= commands) commands_.push_back(connection.command());
  }
  [[nodiscard]] std::string reply(std::size_t i) const { return resp_bulk(commands_.at(i).at(1)); }
  [[nodiscard]] const Words& fence() const { return commands_.back(); }
  void send(std::string_view bytes) const { connection_.send(bytes); }

 private:
  FakeConnection& connection_;
  std::vector<Words> commands_{};
};

DatabaseConfig checked(const FakeServer& server) {
  DatabaseConfig config = TestLink::at(server.port());
  config.integrity = true;
  return config;
}

// Sends three ECHOs in one flush to a server that runs `script` on the first connection.
void three_echoes(const std::function<void(const Flush&, FakeConnection&)>& script,
                  const std::function<void(TestLink&)>& check) {
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Flush flush(connection, 3);
    script(flush, connection);
    connection.await_close();
  });
  TestLink link(checked(server));
  ASSERT_TRUE(link.open());
  for (std::size_t i = 0; i < 3; ++i)
    link.submit(TestOperation::make({"ECHO", "text" + std::to_string(i)}, link.into(i)));
  check(link);
}

void expect_broken(TestLink& link) {
  ASSERT_TRUE(link.run_to_end(3));
  for (const auto& ending : link.endings) {
    ASSERT_TRUE(ending->error);
    EXPECT_EQ(ending->error->code(), Errc::protocol_error);
    EXPECT_EQ(ending->error->effect(), Effect::indeterminate);
    EXPECT_TRUE(ending->replies.empty()) << "nothing of a doubtful batch is handed out";
  }
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  EXPECT_EQ(link.owner->last_reason, CloseReason::desync);
}

TEST(AsyncIntegrityTest, EndsEachFlushWithItsFence) {
  std::vector<std::string> nonces;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) {
      if (words.at(1).size() == 16) nonces.push_back(words[1]);
      return resp_bulk(words[1]);
    });
  });
  {
    TestLink link(checked(server));
    for (std::size_t round = 0; round < 3; ++round) {
      link.submit(TestOperation::make({"ECHO", "a"}, link.into(2 * round)));
      link.submit(TestOperation::make({"ECHO", "b"}, link.into(2 * round + 1)));
      ASSERT_TRUE(link.run_to_end(2 * round + 2));
      EXPECT_EQ(link.endings[2 * round]->replies, std::vector{resp_bulk("a")});
      EXPECT_EQ(link.endings[2 * round + 1]->replies, std::vector{resp_bulk("b")});
    }
    EXPECT_EQ(link.owner->answers, 6U);
  }
  ASSERT_EQ(nonces.size(), 3U);
  EXPECT_NE(nonces[0], nonces[1]);
  EXPECT_NE(nonces[1], nonces[2]);
}

TEST(AsyncIntegrityTest, HoldsRepliesUntilFence) {
  Gate gate;
  three_echoes(
      [&](const Flush& flush, FakeConnection& connection) {
        flush.send(flush.reply(0) + flush.reply(1) + flush.reply(2));
        connection.wait(gate);
        flush.send(flush.reply(3));
      },
      [&](TestLink& link) {
        const auto before = link.connection->last_used();
        ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != before; }));
        EXPECT_EQ(link.ended, 0U);
        gate.open();
        ASSERT_TRUE(link.run_to_end(3));
        for (std::size_t i = 0; i < 3; ++i)
          EXPECT_EQ(link.endings[i]->replies, std::vector{resp_bulk("text" + std::to_string(i))});
      });
}

TEST(AsyncIntegrityTest, AcceptsAnyCutOfStream) {
  three_echoes(
      [](const Flush& flush, FakeConnection&) {
        for (const char c :
             flush.reply(0) + ">1\r\n+push\r\n" + flush.reply(1) + flush.reply(2) + flush.reply(3))
          flush.send(std::string_view(&c, 1));
      },
      [](TestLink& link) {
        ASSERT_TRUE(link.run_to_end(3));
        for (std::size_t i = 0; i < 3; ++i)
          EXPECT_EQ(link.endings[i]->replies, std::vector{resp_bulk("text" + std::to_string(i))});
        EXPECT_EQ(link.owner->pushes, 1U);
      });
}

TEST(AsyncIntegrityTest, DetectsSwallowedReply) {
  three_echoes(
      [](const Flush& flush, FakeConnection& connection) {
        flush.send(flush.reply(0) + flush.reply(2) + flush.reply(3));
        connection.serve([](const Words& words) { return resp_bulk(words.at(1)); });
      },
      [](TestLink& link) {
        const auto before = link.connection->last_used();
        ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != before; }));
        EXPECT_EQ(link.ended, 0U);
        link.submit(TestOperation::make({"ECHO", "next"}, [](const Ending& ending) {
          EXPECT_TRUE(ending.error);
          EXPECT_TRUE(ending.replies.empty());
        }));
        expect_broken(link);
      });
}

TEST(AsyncIntegrityTest, DetectsRepeatedReply) {
  three_echoes(
      [](const Flush& flush, FakeConnection&) {
        flush.send(flush.reply(0) + flush.reply(0) + flush.reply(1) + flush.reply(2) + flush.reply(3));
      },
      expect_broken);
}

TEST(AsyncIntegrityTest, DetectsReplySwappedWithFence) {
  three_echoes(
      [](const Flush& flush, FakeConnection&) {
        flush.send(flush.reply(0) + flush.reply(1) + flush.reply(3) + flush.reply(2));
      },
      expect_broken);
}

TEST(AsyncIntegrityTest, DetectsErrorInPlaceOfFence) {
  three_echoes(
      [](const Flush& flush, FakeConnection&) {
        flush.send(flush.reply(0) + flush.reply(1) + flush.reply(2) + "-NOPERM echo\r\n");
      },
      expect_broken);
}

TEST(AsyncIntegrityTest, DropsReplyOfCancelledOperationWithItsBatch) {
  Gate gate;
  three_echoes(
      [&](const Flush& flush, FakeConnection& connection) {
        flush.send(flush.reply(0) + flush.reply(1));
        connection.wait(gate);
        flush.send(flush.reply(2) + flush.reply(3));
      },
      [&](TestLink& link) {
        const auto before = link.connection->last_used();
        ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != before; }));
        link.submit(TestOperation::make({"ECHO", "x"}, link.into(3)).known_as(9).within(20ms));
        ASSERT_TRUE(link.run_to_end(1));
        gate.open();
        ASSERT_TRUE(link.run_to_end(4));
        EXPECT_EQ(link.endings[3]->error->code(), Errc::timeout);
        for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(link.endings[i]->error);
      });
}

TEST(AsyncIntegrityTest, DeliversOtherRepliesWhenHandlerThrows) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) { return resp_bulk(words.at(1)); });
  });
  TestLink link(checked(server));
  std::size_t ended = 0;
  int caught = 0;
  for (int i = 0; i < 30; ++i)
    link.submit(TestOperation::make({"ECHO", std::to_string(i)}, [&, i](const Ending& ending) {
      EXPECT_EQ(ending.replies.at(0), resp_bulk(std::to_string(i)));
      ++ended;
      if (i % 3 == 0) throw std::runtime_error("from a handler");
    }));
  while (ended != 30) {
    try {
      ASSERT_TRUE(link.run_until([&] { return ended == 30; }));
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
  EXPECT_EQ(caught, 10);
}

}  // namespace
}  // namespace redstart::test
