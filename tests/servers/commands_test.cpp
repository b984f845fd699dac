// SPDX-License-Identifier: Apache-2.0
// commands_test.cpp: tests command groups on every server with both protocols.
#include "servers/each_server.hpp"

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Texts = std::vector<std::string>;

class ServerCommands : public OnEachServer {};
INSTANTIATE_TEST_SUITE_P(Servers, ServerCommands, each_server(), server_name);

TEST_P(ServerCommands, StringsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.get("k"), std::nullopt);
    EXPECT_TRUE(client.set("k", "hello", {.expire = 100s}));
    EXPECT_FALSE(client.set("k", "x", {.only_if = OnlyIf::absent}));
    EXPECT_TRUE(client.set("k", "v", {.expire = Expiry::keep_ttl()}));
    EXPECT_GT(client.ttl("k").time(), 50s);
    EXPECT_EQ(client.append("k", "w"), 2);
    EXPECT_EQ(client.getrange("k", 0, 0), "v");
    EXPECT_EQ(client.incrby("n", 5), 5);
    EXPECT_EQ(client.incrbyfloat("n", 0.5), 5.5);
    EXPECT_EQ(client.mget("k", "missing"), (std::vector<std::optional<std::string>>{"vw", std::nullopt}));
    const std::string large(200'000, 'x');
    client.set("large", large);
    EXPECT_EQ(client.get("large"), large);
    if (version().since(6, 2)) {
      EXPECT_EQ(client.set_get("k", "new"), "vw");
      EXPECT_EQ(client.getex("k", 100s), "new");
      EXPECT_EQ(client.getdel("k"), "new");
    }
    if (version().since(7, 0)) {
      client.mset({{"a", "ohmytext"}, {"b", "mynewtext"}});
      EXPECT_EQ(client.lcs("a", "b"), "mytext");
      EXPECT_EQ(client.lcs_matches("a", "b").length, 6);
    }
  });
}

TEST_P(ServerCommands, KeysWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    client.mset({{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(client.exists("a", "b", "c"), 2);
    EXPECT_EQ(client.type("a"), KeyType::string);
    EXPECT_EQ(client.object_encoding("a"), "int");
    EXPECT_TRUE(client.renamenx("b", "c"));
    EXPECT_EQ(client.unlink("c"), 1);
    const std::optional<std::string> dump = client.dump("a");
    ASSERT_TRUE(dump);
    client.restore("copy", *dump);
    EXPECT_EQ(client.get("copy"), "1");
    Texts all;
    for (std::uint64_t cursor = 0;;) {
      const auto page = client.scan(cursor, {.type = KeyType::string});
      all.insert(all.end(), page.elements.begin(), page.elements.end());
      if ((cursor = page.cursor) == 0) break;
    }
    EXPECT_THAT(all, UnorderedElementsAre("a", "copy"));
    if (version().since(6, 2)) {
      EXPECT_TRUE(client.copy("a", "again"));
    }
  });
}

TEST_P(ServerCommands, ExpiryCommandsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    client.set("k", "v");
    EXPECT_TRUE(client.ttl("k").persistent());
    EXPECT_TRUE(client.pexpire("k", 100s));
    EXPECT_GT(client.pttl("k").time(), 50s);
    EXPECT_TRUE(client.persist("k"));
    const std::chrono::system_clock::time_point at(4102444800s);
    EXPECT_TRUE(client.expireat("k", TimeSeconds(4102444800s)));
    if (version().since(6, 2)) client.set("k", 1, {.expire = at + 5ms});
    if (version().since(7, 0)) {
      EXPECT_EQ(client.pexpiretime("k").time(), TimeMilliseconds(4102444800005ms));
      EXPECT_FALSE(client.expire("k", 50s, ExpireIf::persistent));
      EXPECT_TRUE(client.expire("k", 50s, ExpireIf::expiring));
      EXPECT_FALSE(client.expire("k", 40s, ExpireIf::later));
      EXPECT_TRUE(client.expire("k", 40s, ExpireIf::sooner));
    }
    // Fields of hashes expire since Redis 7.4 and Valkey 9.0.
    client.hset("h", "f", 1);
    if (version().since({7, 4}, {9, 0})) {
      using Numbers = std::vector<std::int64_t>;
      EXPECT_EQ(client.command<Numbers>("HEXPIRE", "h", 100, "FIELDS", 1, "f"), Numbers{1});
      EXPECT_GT(client.command<Numbers>("HTTL", "h", "FIELDS", 1, "f").at(0), 50);
    } else {
      EXPECT_THROW(client.command<Value>("HEXPIRE", "h", 100, "FIELDS", 1, "f"), ServerError);
    }
  });
}

TEST_P(ServerCommands, HashesWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.hset("h", "a", 1, "b", "two"), 2);
    EXPECT_EQ(client.hget<int>("h", "a"), 1);
    EXPECT_EQ((client.hgetall<std::map<std::string, std::string>>("h")),
              (std::map<std::string, std::string>{{"a", "1"}, {"b", "two"}}));
    EXPECT_EQ(client.hmget("h", "b", "x"), (std::vector<std::optional<std::string>>{"two", std::nullopt}));
    EXPECT_EQ(client.hincrby("h", "a", 2), 3);
    EXPECT_THAT(client.hkeys("h"), UnorderedElementsAre("a", "b"));
    EXPECT_EQ(client.hscan("h", 0).elements.size(), 2U);
    EXPECT_EQ(client.hdel("h", "a", "b"), 2);
    if (version().since(6, 2)) {
      EXPECT_EQ(client.hrandfield("h"), std::nullopt);
    }
  });
}

TEST_P(ServerCommands, ListsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.rpush("l", "a", "b", "c"), 3);
    EXPECT_EQ(client.lrange("l", 0, -1), (Texts{"a", "b", "c"}));
    EXPECT_EQ(client.lpos("l", "c"), 2);
    EXPECT_EQ(client.lpop("l"), "a");
    EXPECT_EQ(client.lpop("missing"), std::nullopt);
    EXPECT_EQ(client.blpop("l", BlockFor{1s}), (std::pair<std::string, std::string>{"l", "b"}));
    EXPECT_EQ(client.blpop("missing", BlockFor{1ms}), std::nullopt);
    EXPECT_EQ(client.blpop("missing", BlockFor{10ms}), std::nullopt);
    if (version().since(6, 2)) {
      EXPECT_EQ(client.lmove("l", "to", ListEnd::left, ListEnd::right), "c");
      EXPECT_EQ(client.lpop("to", 5), Texts{"c"});
      EXPECT_EQ(client.lpop("missing", 2), std::nullopt);
    }
    if (version().since(7, 0)) {
      client.rpush("l", "x");
      EXPECT_EQ(client.lmpop({"missing", "l"}, ListEnd::right, 5),
                (std::pair<std::string, Texts>{"l", {"x"}}));
      EXPECT_EQ(client.lmpop({"missing"}, ListEnd::right), std::nullopt);
    }
  });
}

TEST_P(ServerCommands, SetsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.sadd("s", "a", "b"), 2);
    EXPECT_TRUE(client.sismember("s", "a"));
    EXPECT_EQ(client.smembers<std::set<std::string>>("s"), (std::set<std::string>{"a", "b"}));
    client.sadd("t", "b");
    EXPECT_EQ(client.sinter("s", "t"), Texts{"b"});
    EXPECT_EQ(client.sunionstore("u", "s", "t"), 2);
    EXPECT_EQ(client.spop("t"), "b");
    if (version().since(6, 2)) {
      EXPECT_EQ(client.smismember("s", "a", "x"), (std::vector<bool>{true, false}));
    }
    if (version().since(7, 0)) {
      EXPECT_EQ(client.sintercard({"s", "u"}), 2);
    }
  });
}

TEST_P(ServerCommands, SortedSetsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    using Scored = std::vector<std::pair<std::string, double>>;
    EXPECT_EQ(client.zadd("z", {{"a", 1}, {"b", 2.5}}), 2);
    EXPECT_EQ(client.zincrby("z", 0.25, "a"), 1.25);
    EXPECT_EQ(client.zscore("z", "a"), 1.25);
    EXPECT_EQ(client.zscore("z", "x"), std::nullopt);
    EXPECT_EQ(client.zrange_with_scores("z", 0, -1), (Scored{{"a", 1.25}, {"b", 2.5}}));
    EXPECT_EQ(client.zrank("z", "b"), 1);
    client.zadd("inf", std::numeric_limits<double>::infinity(), "m");
    EXPECT_EQ(client.zscore("inf", "m"), std::numeric_limits<double>::infinity());
    EXPECT_EQ(client.zpopmin("inf", 2).size(), 1U);
    EXPECT_EQ(client.bzpopmin("missing", BlockFor{10ms}), std::nullopt);
    // A C++ type has the same value with both protocols.
    using Score = std::variant<double, std::string>;
    EXPECT_EQ(client.command<Score>("ZSCORE", "z", "a"), Score(1.25));
    if (version().since(6, 2)) {
      EXPECT_EQ(client.zmscore("z", "a", "x"), (std::vector<std::optional<double>>{1.25, std::nullopt}));
      EXPECT_EQ(client.zrange("z", ByScore{.min = ScoreBound::exclusive(1.25)}), Texts{"b"});
    }
    if (version().since(7, 0)) {
      EXPECT_EQ(client.zmpop({"missing"}, ScoreEnd::max), std::nullopt);
    }
  });
}

TEST_P(ServerCommands, BitmapsAndHyperLogLogsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_FALSE(client.setbit("b", 9, true));
    EXPECT_TRUE(client.getbit("b", 9));
    EXPECT_EQ(client.bitcount("b"), 1);
    EXPECT_EQ(client.bitpos("b", true), 9);
    EXPECT_EQ(client.bitop(BitOp::bit_not, "not", "b"), 2);
    EXPECT_EQ(client.bitfield("n", Bitfield{}
                                       .incrby(unsigned_bits(8), 0, 7)
                                       .overflow(BitOverflow::fail)
                                       .incrby(unsigned_bits(8), 0, 250)),
              (std::vector<std::optional<std::int64_t>>{7, std::nullopt}));
    EXPECT_EQ(client.bitfield_ro("n", BitfieldReads{}.get(unsigned_bits(8), 0)),
              std::vector<std::int64_t>{7});
    EXPECT_TRUE(client.pfadd("p", "a", "b"));
    client.pfmerge("q", "p");
    EXPECT_EQ(client.pfcount("p", "q"), 2);
    if (version().since(7, 0)) {
      EXPECT_EQ(client.bitcount("b", 0, 8, BitUnit::bit), 0);
    }
  });
}

TEST_P(ServerCommands, PlacesWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.geoadd("g", {{"a", {13.5, 52.5}}, {"b", {13.5, 52.6}}}), 2);
    EXPECT_NEAR(client.geodist("g", "a", "b").value(), 11'122, 10);
    EXPECT_EQ(client.geohash("g", "x"), std::vector<std::optional<std::string>>{std::nullopt});
    EXPECT_NEAR(client.geopos("g", "a").at(0).value().latitude, 52.5, 1e-5);
    if (version().since(6, 2)) {
      EXPECT_EQ(client.geosearch("g", GeoCenter::member("a"), GeoCircle{1, GeoUnit::km}), Texts{"a"});
      const auto found = client.geosearch_with("g", {.position = true, .distance = true, .hash = true},
                                               GeoPosition{13.5, 52.5}, GeoBox{1, 1, GeoUnit::km});
      ASSERT_EQ(found.size(), 1U);
      EXPECT_LT(found[0].distance.value(), 0.001);
      EXPECT_NEAR(found[0].position.value().longitude, 13.5, 1e-5);
      EXPECT_GT(found[0].hash.value(), 0);
      EXPECT_EQ(client.geosearchstore("near", "g", GeoCenter::member("a"), GeoCircle{50, GeoUnit::km}), 2);
    }
  });
}

TEST_P(ServerCommands, ConditionalStringsWorkWithBothProtocols) {
  if (!version().since({8, 4}, {9, 0})) GTEST_SKIP() << "Redis 8.4 and Valkey 9.0 have such commands";
  with_both_protocols([this](const Client& client) {
    client.set("k", "1");
    EXPECT_FALSE(client.set_if("k", "3", ValueCondition::equals("2")));
    EXPECT_TRUE(client.set_if("k", "2", ValueCondition::equals("1"), 100s));
    EXPECT_GT(client.ttl("k").time(), 50s);
    if (version().product == "Valkey") {
      EXPECT_FALSE(client.delifeq("k", 1));
      EXPECT_TRUE(client.delifeq("k", 2));
      return;
    }
    const auto digest = client.digest("k");
    ASSERT_TRUE(digest);
    EXPECT_EQ(client.digest("missing"), std::nullopt);
    EXPECT_FALSE(client.set_if("k", "3", ValueCondition::has_other_digest(*digest)));
    EXPECT_TRUE(client.set_if("k", "3", ValueCondition::has_digest(*digest)));
    EXPECT_FALSE(client.delex("k", ValueCondition::differs("3")));
    EXPECT_TRUE(client.delex("k", ValueCondition::equals("3")));
  });
}

TEST_P(ServerCommands, FieldsThatExpireWorkWithBothProtocols) {
  if (!version().since({8, 0}, {9, 1})) GTEST_SKIP() << "HGETDEL came with Redis 8.0 and Valkey 9.1";
  with_both_protocols([](const Client& client) {
    client.hset("h", {{"a", "1"}, {"b", "2"}});
    using Expiries = std::vector<FieldExpiry>;
    EXPECT_EQ(client.hexpire("h", 100s, {"a", "x"}), (Expiries{FieldExpiry::set, FieldExpiry::no_field}));
    EXPECT_EQ(client.hpexpire("h", 50s, {"a"}, ExpireIf::later), Expiries{FieldExpiry::unchanged});
    EXPECT_EQ(client.hexpireat("h", TimeSeconds(1s), {"b"}), Expiries{FieldExpiry::deleted});
    const auto left = client.httl("h", {"a", "b"});
    EXPECT_GT(left.at(0).time(), 50s);
    EXPECT_FALSE(left.at(1).field_exists());
    EXPECT_GT(client.hpttl("h", {"a"}).at(0).time(), 50s);
    EXPECT_GT(client.hexpiretime("h", {"a"}).at(0).time(), TimeSeconds(1700000000s));
    EXPECT_GT(client.hpexpiretime("h", {"a"}).at(0).time(), TimeMilliseconds(1700000000s));
    EXPECT_EQ(client.hpersist("h", {"a", "x"}),
              (std::vector<FieldPersisted>{FieldPersisted::done, FieldPersisted::no_field}));
    EXPECT_TRUE(client.httl("h", {"a"}).at(0).persistent());
    EXPECT_TRUE(client.hsetex("h", {{"c", "3"}}, {.expire = 100s, .only_if = OnlyIf::absent}));
    EXPECT_FALSE(client.hsetex("h", {{"c", "4"}}, {.only_if = OnlyIf::absent}));
    EXPECT_EQ(client.hgetex("h", Expiry::persist(), {"c", "x"}),
              (std::vector<std::optional<std::string>>{"3", std::nullopt}));
    EXPECT_EQ(client.hpexpireat("h", TimeMilliseconds(1ms), {"c"}), Expiries{FieldExpiry::deleted});
    EXPECT_EQ(client.hgetdel("h", {"a"}), (std::vector<std::optional<std::string>>{"1"}));
    EXPECT_EQ(client.exists("h"), 0);
  });
}

TEST_P(ServerCommands, StreamsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    const StreamId one{1, 0};
    const StreamId two{2, 0};
    EXPECT_EQ(client.xadd("s", {{"a", "1"}}, {.id = one}), one);
    client.xadd("s", {{"a", "2"}}, {.id = two});
    EXPECT_EQ(client.xrange("s").size(), 2U);
    EXPECT_EQ(client.xread("s", one)->at(0).second.at(0).id, two);
    client.xgroup_create("s", "g", StreamPosition::begin());
    EXPECT_EQ(client.xreadgroup("g", "c", "s")->at(0).second.size(), 2U);
    EXPECT_EQ(client.xreadgroup("g", "c", "s"), std::nullopt);
    EXPECT_EQ(client.xpending("s", "g").count, 2);
    EXPECT_EQ(client.xpending("s", "g", XpendingOptions{}).size(), 2U);
    EXPECT_EQ(client.xclaim("s", "g", "d", 0ms, {one}).at(0).fields.at(0).second, "1");
    EXPECT_EQ(client.xinfo_groups("s").at(0).pending, 2);
    EXPECT_EQ(client.xinfo_consumers("s", "g").size(), 2U);
    EXPECT_EQ(client.xinfo_stream("s").last_entry.value().id, two);
    EXPECT_EQ(client.xack("s", "g", {one, two}), 2);
    if (version().since(6, 2)) {
      EXPECT_TRUE(client.xautoclaim("s", "g", "d", 0ms).finished());
    }
    EXPECT_EQ(client.xtrim("s", StreamTrim::to_length(0).exactly()), 2);
  });
}

TEST_P(ServerCommands, ScriptsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.eval<std::int64_t>("return redis.call('INCR', KEYS[1])", {"n"}), 1);
    const std::string digest = client.script_load("return 2");
    EXPECT_EQ(client.evalsha<std::int64_t>(digest), 2);
    EXPECT_EQ(client.script_exists(digest), std::vector<bool>{true});
    EXPECT_EQ(client.publish("channel", "message"), 0);
    if (version().since(7, 0)) {
      EXPECT_EQ(client.evalsha_ro<std::int64_t>(digest), 2);
      EXPECT_EQ(client.function_load_replace(
                    "#!lua name=one\nredis.register_function('one', function() return 1 end)"),
                "one");
      EXPECT_EQ(client.fcall<std::int64_t>("one"), 1);
      EXPECT_EQ(client.function_list({.library = "one"}).size(), 1U);
    }
  });
}

TEST_P(ServerCommands, ServerAndConnectionCommandsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.ping(), "PONG");
    EXPECT_EQ(client.echo("text"), "text");
    EXPECT_EQ(client.client_getname(), "test:main");
    EXPECT_THAT(client.info("server"), HasSubstr("redis_version:"));
    EXPECT_EQ(client.role()[0].as_string(), "master");
    EXPECT_EQ(client.config_get("maxclients").size(), 1U);
    client.set("k", "v");
    EXPECT_EQ(client.dbsize(), 1);
    EXPECT_GT(client.memory_usage("k"), 0);
    EXPECT_GT(client.command_count(), 200);
    EXPECT_GT(client.command_info("GET").size(), 0U);
    EXPECT_EQ(client.slowlog_reset(), Ok{});
    EXPECT_THAT(client.lolwut(), HasSubstr("ver."));
    if (version().since(6, 2)) {
      EXPECT_THAT(client.client_info(), HasSubstr("name=test:main"));
    }
    if (version().since(7, 0)) {
      EXPECT_THAT(client.command_list({.pattern = "mge*"}), ::testing::Contains("mget"));
    }
  });
}

TEST_P(ServerCommands, AclCommandsWorkWithBothProtocols) {
  with_both_protocols([this](const Client& client) {
    EXPECT_EQ(client.acl_whoami(), "default");
    EXPECT_EQ(client.acl_setuser("reader", "on", "nopass", "~*", "+@read"), Ok{});
    EXPECT_TRUE(client.acl_getuser("reader"));
    EXPECT_FALSE(client.acl_getuser("missing"));
    if (version().since(7, 0)) {
      EXPECT_NE(client.acl_dryrun("reader", "SET", "k", 1), "OK");
    }
    EXPECT_EQ(client.acl_deluser("reader"), 1);
  });
}

TEST_P(ServerCommands, PipelinesAndScriptsWorkWithBothProtocols) {
  with_both_protocols([](const Client& client) {
    auto pipe = client.pipeline();
    const auto set = pipe.set("k", "v");
    const auto wrong = pipe.incr("k");
    const auto get = pipe.get("k");
    const auto replies = pipe.execute();
    EXPECT_TRUE(replies[set].value());
    EXPECT_EQ(replies[wrong].error().server_code(), "ERR");
    EXPECT_EQ(replies[get].value(), "v");
    EXPECT_EQ(client.command<std::int64_t>("EVAL", "return #ARGV[1]", 0, "four"), 4);
    const Error unknown = error_of([&] { return client.command<Value>("EVALSHA", std::string(40, '0'), 0); });
    EXPECT_EQ(unknown.server_code(), "NOSCRIPT");
    EXPECT_EQ(unknown.effect(), Effect::not_sent);
  });
}

}  // namespace
}  // namespace redstart::test
