// SPDX-License-Identifier: Apache-2.0
// large_values_test.cpp: large values, long lists and long pipelines arrive unchanged.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

// Bytes that change with any shift, gap or swap.
std::string pattern(std::size_t size, std::uint64_t seed) {
  std::string text(size, '\0');
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (char& c : text) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return text;
}

class LargeValues : public RedisTest {
 protected:
  static RedisConfig patient_config(bool over_unix = false) {
    RedisConfig config = config_at(server());
    if (over_unix) config.defaults.endpoint.unix_path = server().socket_path();
    config.defaults.timeouts.command = 30s;
    config.defaults.timeouts.silence = 30s;
    return config;
  }
};

TEST_F(LargeValues, ArriveUnchangedInBothDirections) {
  for (const bool over_unix : {false, true}) {
    StartedManager redis(patient_config(over_unix));
    const Client client = redis->client("main");
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{16'383}, std::size_t{16'384}, std::size_t{65'535},
          std::size_t{65'536}, std::size_t{1} << 20, (std::size_t{8} << 20) + 1, std::size_t{64} << 20}) {
      SCOPED_TRACE(size);
      const std::string value = pattern(size, size);
      client.set("large", value);
      EXPECT_EQ(client.strlen("large"), static_cast<std::int64_t>(size));
      EXPECT_TRUE(client.get("large") == value);
      if (size > (std::size_t{1} << 20)) continue;
      EXPECT_TRUE(raw().text({"GET", "large"}) == value) << "another client must read the same value";
      EXPECT_TRUE(client.command<Value>("GET", "large").as_string() == value);
      EXPECT_TRUE(client.pipeline([&](Pipeline& pipe) { return pipe.get("large"); }) == value);
      EXPECT_TRUE(client.echo(value) == value);
    }
    EXPECT_EQ(redis->stats("main").pool.created, 1U);
  }
}

TEST_F(LargeValues, MayBeAnyArgument) {
  StartedManager redis(patient_config());
  const Client client = redis->client("main");
  const std::string a = pattern(100'000, 1);
  const std::string b = pattern(16'384, 2);
  const std::string c = pattern(3, 3);
  EXPECT_EQ(client.rpush("list", a, c, b, c, a), 5);
  EXPECT_TRUE(client.lrange("list", 0, -1) == (std::vector<std::string>{a, c, b, c, a}));
  client.set(a, b);
  EXPECT_TRUE(client.get(a) == b) << "must also work as a key";
  const auto owned = cmd.set("owned", a);
  client.exec(owned);
  EXPECT_TRUE(client.get("owned") == a);
}

// Creates a list of `count` different elements of `size` bytes each.
std::vector<std::string> make_list(RawRedis& raw, std::size_t count, std::size_t size) {
  raw.command({"DEL", "list"});
  std::vector<std::string> elements;
  std::vector<std::string> words{"RPUSH", "list"};
  for (std::size_t i = 0; i < count; ++i) {
    elements.push_back(pattern(size, i + 1));
    words.push_back(elements.back());
    if (words.size() < 1000 && i + 1 != count) continue;
    raw.command(words);
    words.resize(2);
  }
  return elements;
}

TEST_F(LargeValues, InListsAreReadAsTheyArrive) {
  StartedManager redis(patient_config());
  const Client client = redis->client("main");
  struct Shape {
    std::size_t count, size;
  };
  for (const Shape shape :
       {Shape{0, 1}, Shape{1, 20'000}, Shape{2, 20'000}, Shape{3, 40'000}, Shape{5, 65'536}, Shape{2, 16'370},
        Shape{2, 16'376}, Shape{2, 16'377}, Shape{2, 16'378}, Shape{3, 16'384}, Shape{1, 300'000},
        Shape{9, 200'000}, Shape{1000, 17}, Shape{5'000, 0}, Shape{100'000, 10}}) {
    SCOPED_TRACE(std::to_string(shape.count) + " x " + std::to_string(shape.size));
    const auto elements = make_list(raw(), shape.count, shape.size);
    EXPECT_TRUE(client.lrange("list", 0, -1) == elements);
    const auto list = client.lrange<StringList>("list", 0, -1);
    ASSERT_EQ(list.size(), elements.size());
    for (std::size_t i = 0; i < list.size(); ++i) ASSERT_TRUE(list[i] == elements[i]) << i;
    EXPECT_TRUE(client.command<std::optional<std::vector<std::string>>>("LRANGE", "list", 0, -1) == elements);
    EXPECT_TRUE(client.pipeline([](Pipeline& pipe) { return pipe.lrange("list", 0, -1); }) == elements);
  }
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST_F(LargeValues, InHashesAndSetsAreReadAsTheyArrive) {
  for (const Protocol protocol : {Protocol::resp3, Protocol::resp2}) {
    RedisConfig config = patient_config();
    config.defaults.protocol = protocol;
    StartedManager redis(config);
    const Client client = redis->client("main");
    std::map<std::string, std::string> fields;
    for (std::size_t i = 0; i < 3000; ++i) fields[std::to_string(i)] = pattern(i % 300, i);
    fields["large"] = pattern(50'000, 7);
    client.del("hash", "set");
    client.hset("hash", fields);
    using Map = std::map<std::string, std::string>;
    EXPECT_TRUE((client.hgetall<Map>("hash") == fields));
    std::set<std::string> members;
    for (std::size_t i = 0; i < 5000; ++i) members.insert(pattern(20, i));
    client.sadd("set", members);
    EXPECT_TRUE(client.smembers<std::set<std::string>>("set") == members);
  }
}

TEST_F(LargeValues, ElementOfWrongTypeFailsOnlyItsCall) {
  StartedManager redis(patient_config());
  const Client client = redis->client("main");
  static_cast<void>(make_list(raw(), 20'000, 10));
  const Error error =
      error_of([&] { return client.command<std::vector<std::int64_t>>("LRANGE", "list", 0, -1); });
  EXPECT_EQ(error.code(), Errc::decode_error);
  EXPECT_EQ(client.llen("list"), 20'000);
  EXPECT_EQ(redis->stats("main").pool.created, 1U) << "the connection must stay open";
}

TEST_F(LargeValues, PipelineThatFillsBothSocketBuffersDoesNotDeadlock) {
  StartedManager redis(patient_config());
  const Client client = redis->client("main");
  constexpr std::size_t rounds = 50'000;
  Pipeline pipe = client.pipeline();
  std::vector<Slot<std::string>> echoes;
  for (std::size_t i = 0; i < rounds; ++i) {
    static_cast<void>(pipe.incr("count"));
    echoes.push_back(pipe.echo(std::to_string(i) + std::string(400, 'x')));
  }
  ASSERT_EQ(pipe.size(), 2 * rounds);
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies.answered(), 2 * rounds);
  for (std::size_t i = 0; i < rounds; ++i)
    ASSERT_EQ(replies[echoes[i]].value(), std::to_string(i) + std::string(400, 'x'));
  EXPECT_EQ(client.get<std::int64_t>("count"), static_cast<std::int64_t>(rounds));
  EXPECT_EQ(pipe.size(), 0U) << "the pipeline must be empty and reusable";
}

TEST_F(LargeValues, PipelineOfFewHugeCommandsDoesNotDeadlock) {
  StartedManager redis(patient_config());
  const Client client = redis->client("main");
  const std::string huge = pattern(4 << 20, 5);
  Pipeline pipe = client.pipeline();
  std::vector<Slot<std::string>> echoes;
  for (int i = 0; i < 8; ++i) echoes.push_back(pipe.echo(huge));
  const Replies replies = pipe.execute();
  for (const auto slot : echoes) EXPECT_TRUE(replies[slot].value() == huge);
}

// The server refuses the command at its header, and closes while the rest is being sent.
TEST(LargeValuesBeyondLimitOfServer, AreRefusedWithMessageOfServer) {
  REDSTART_NEEDS_REDIS();
  RedisServer server({"--proto-max-bulk-len", "1mb"});
  StartedManager redis(config_at(server));
  const std::string large(std::size_t{64} << 20, 'x');
  const auto expect_refusal = [](const Error& error) {
    EXPECT_EQ(error.code(), Errc::server_error) << error.what();
    EXPECT_EQ(error.info().server, "ERR Protocol error: invalid bulk length");
  };
  const Client client = redis->client("main");
  expect_refusal(error_of([&] { client.set("k", large); }));
  {
    const ScopedClient scoped = redis->scoped_client("main");
    expect_refusal(error_of([&] { scoped.set("k", large); }));
    EXPECT_EQ(error_of([&] { scoped.ping(); }).code(), Errc::connection_lost);
  }
  Pipeline pipe = client.pipeline();
  const auto slot = pipe.set("k", large);
  expect_refusal(pipe.execute()[slot].error());
  expect_refusal(error_of([&] { redis->async_client("main").set("k", large)(use_future).get(); }));
  EXPECT_EQ(client.ping(), "PONG");
  EXPECT_EQ(client.exists("k"), 0);
}

}  // namespace
}  // namespace redstart::test
