// SPDX-License-Identifier: Apache-2.0
// tls_fork_test.cpp: a forked child leaves its parent's TLS sessions alone.
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "support/forked_child.hpp"
#include "support/sanitizers.hpp"
#include "support/tls_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

class TlsFork : public TlsTest {
 protected:
  void SetUp() override {
    if (with_thread_sanitizer)
      GTEST_SKIP() << "ThreadSanitizer terminates a forked child that starts threads";
    REDSTART_NEEDS_REDIS();
    serve(authority_.issue("server"));
  }
};

TEST_F(TlsFork, ChildDestroysInheritedSessionsWithoutSendingAnything) {
  auto manager = std::make_unique<RedisConnectionManager>();
  manager->start(config());
  std::optional<Client> client = manager->client("main");
  std::optional<AsyncClient> async = manager->async_client("main");
  std::optional<ScopedClient> scoped = manager->scoped_client("main");
  const auto all_ping = [&] { return client->ping() + value_of(async->ping()) + scoped->ping(); };
  EXPECT_EQ(all_ping(), "PONGPONGPONG");
  const auto created = manager->stats("main").pool.created;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(complaints_of_child([&] {
                std::string all;
                all += unless_forked("client", [&] { return client->ping(); });
                all += unless_forked("async", [&] { return value_of(async->ping()); });
                all += unless_forked("scoped", [&] { return scoped->ping(); });
                client.reset();
                async.reset();
                scoped.reset();
                if (round == 0) manager->shutdown(10s);
                if (round != 1) manager.reset();
                return all;
              }),
              "");
    // A close_notify or a record from the child would have ended these sessions.
    EXPECT_EQ(all_ping(), "PONGPONGPONG");
  }
  EXPECT_EQ(manager->stats("main").pool.created, created);
}

TEST_F(TlsFork, ChildStartsAnewBesideItsParent) {
  StartedManager redis(config());
  const Client client = redis->client("main");
  EXPECT_EQ(client.incr("n"), 1);
  EXPECT_EQ(complaints_of_child([&] {
              RedisConnectionManager own;
              own.start(config());
              std::string all;
              if (own.client("main").incr("n") != 2) all += "sync; ";
              if (value_of(own.async_client("main").incr("n")) != 3) all += "async; ";
              own.shutdown();
              return all;
            }),
            "");
  EXPECT_EQ(client.incr("n"), 4);
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

}  // namespace
}  // namespace redstart::test
