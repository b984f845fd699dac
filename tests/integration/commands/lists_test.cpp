// SPDX-License-Identifier: Apache-2.0
// lists_test.cpp: each list command once against a real server.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
constexpr ListEnd kLeft = ListEnd::left;
constexpr ListEnd kRight = ListEnd::right;

class ListCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, ListCommandsLive, both_protocols(), protocol_name);

TEST_P(ListCommandsLive, PushAndPopElements) {
  REDSTART_NEEDS_SINCE(6, 2);  // LPOP and RPOP with a count
  const Client client = redis();
  EXPECT_EQ(client.rpush("l", "a", "b"), 2);
  EXPECT_EQ(client.rpush("l", {"c", "d"}), 4);
  EXPECT_EQ(client.lpush("l", 1, 0.5), 6);
  EXPECT_EQ(client.lpush("l", std::vector<int>{7}), 7);
  EXPECT_EQ(client.rpushx("missing", "x"), 0);
  EXPECT_EQ(client.lpushx("l", "first"), 8);
  EXPECT_EQ(client.llen("l"), 8);
  EXPECT_EQ(client.lrange("l", 0, -1), (Texts{"first", "7", "0.5", "1", "a", "b", "c", "d"}));
  EXPECT_EQ(client.lpop("l"), "first");
  EXPECT_EQ(client.lpop<int>("l"), 7);
  EXPECT_EQ(client.lpop<std::deque<double>>("l", 2), (std::deque<double>{0.5, 1}));
  EXPECT_EQ(client.rpop("l"), "d");
  EXPECT_EQ(client.rpop("l", 2), (Texts{"c", "b"}));
  EXPECT_EQ(client.lpop("missing"), std::nullopt);
  EXPECT_EQ(client.rpop("missing"), std::nullopt);
  EXPECT_EQ(client.lpop("missing", 2), std::nullopt);
}

TEST_P(ListCommandsLive, FindAndChangeElements) {
  const Client client = redis();
  client.rpush("l", "a", "b", "a", "c", "a");
  EXPECT_EQ(client.lindex("l", -2), "c");
  EXPECT_EQ(client.lindex("l", 99), std::nullopt);
  EXPECT_EQ(client.lpos("l", "a"), 0);
  EXPECT_EQ(client.lpos("l", "a", {.rank = -1}), 4);
  EXPECT_EQ(client.lpos("l", "x"), std::nullopt);
  EXPECT_EQ(client.lpos_all("l", "a"), (std::vector<std::int64_t>{0, 2, 4}));
  EXPECT_TRUE(client.lpos_all("l", "x").empty());
  EXPECT_EQ(client.linsert("l", Insert::before, "b", "x"), 6);
  EXPECT_EQ(client.linsert("l", Insert::after, "missing", "x"), -1);
  EXPECT_EQ(client.lset("l", 0, "first"), Ok{});
  EXPECT_THROW(client.lset("l", 99, "x"), ServerError);
  EXPECT_EQ(client.lrem("l", -1, "a"), 1);
  EXPECT_EQ(client.lrange("l", 0, -1), (Texts{"first", "x", "b", "a", "c"}));
  EXPECT_EQ(client.ltrim("l", 1, 2), Ok{});
  EXPECT_EQ(client.lrange("l", 0, -1), (Texts{"x", "b"}));
}

TEST_P(ListCommandsLive, MoveElements) {
  REDSTART_NEEDS_SINCE(7, 0);  // LMPOP; LMOVE since 6.2
  const Client client = redis();
  client.rpush("a", 1, 2, 3);
  EXPECT_EQ(client.lmove("a", "b", kLeft, kRight), "1");
  EXPECT_EQ(client.rpoplpush("a", "b"), "3");
  EXPECT_EQ(client.lmove("missing", "b", kLeft, kLeft), std::nullopt);
  EXPECT_EQ(client.lrange("b", 0, -1), (Texts{"3", "1"}));
  EXPECT_EQ(client.lmpop({"missing", "b"}, kRight, 5), (std::pair<std::string, Texts>{"b", {"1", "3"}}));
  EXPECT_EQ(client.lmpop({"missing"}, kLeft), std::nullopt);
}

TEST_P(ListCommandsLive, BlockingCommandsReturnExistingElements) {
  REDSTART_NEEDS_SINCE(7, 0);  // BLMPOP; BLMOVE since 6.2
  const Client client = redis();
  const BlockFor block{5s};
  client.rpush("l", 1, 2, 3, 4, 5, 6, 7);
  EXPECT_EQ(client.blpop("l", block), (std::pair<std::string, std::string>{"l", "1"}));
  EXPECT_EQ(client.blpop<int>({"missing", "l"}, block), (std::pair<std::string, int>{"l", 2}));
  EXPECT_EQ(client.brpop("l", block), (std::pair<std::string, std::string>{"l", "7"}));
  EXPECT_EQ(client.brpop({"missing", "l"}, block)->second, "6");
  EXPECT_EQ(client.blmove("l", "to", kLeft, kLeft, block), "3");
  EXPECT_EQ(client.brpoplpush("l", "to", block), "5");
  EXPECT_EQ(client.blmpop({"missing", "l"}, kLeft, block, 9), (std::pair<std::string, Texts>{"l", {"4"}}));
}

TEST_P(ListCommandsLive, BlockingCommandsReturnNothingAtTimeout) {
  REDSTART_NEEDS_SINCE(7, 0);  // BLMPOP; BLMOVE since 6.2
  const Client client = redis();
  const BlockFor block{1ms};
  EXPECT_EQ(client.blpop("missing", block), std::nullopt);
  EXPECT_EQ(client.blmove("missing", "to", kLeft, kLeft, block), std::nullopt);
  EXPECT_EQ(client.brpoplpush("missing", "to", block), std::nullopt);
  EXPECT_EQ(client.blmpop({"missing"}, kLeft, block), std::nullopt);
}

}  // namespace
}  // namespace redstart::test
