// SPDX-License-Identifier: Apache-2.0
// handles.cpp: the three kinds of handle, while Redis is up and while it is down.
#include <redstart/sync.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using redstart::Client;
using redstart::ClientProvider;
using redstart::RedisConfig;
using redstart::RedisConnectionManager;

// Standard: for data that the service needs. Throws; a web layer turns `Unavailable` into a 503.
void store_order(ClientProvider& redis) {
  try {
    const Client db = redis.client("main");
    db.set("handles:order", "3 teapots", {.expire = 60s});
    std::cout << "  standard   stored, and read back: " << db.get("handles:order").value_or("(gone)") << '\n';
  } catch (const redstart::Unavailable& error) {
    std::cout << "  standard   Unavailable (" << to_string(error.code()) << "): answer 503\n"
              << "             " << error.what() << '\n';
  }
}

// Optional: for data that is useful but not needed. Empty if the database can't be reached within the
// time limit of the handle.
void count_visit(ClientProvider& redis) {
  if (const std::optional<Client> cache = redis.optional_client("cache", 50ms))
    std::cout << "  optional   visit number " << cache->incr("handles:visits") << '\n';
  else
    std::cout << "  optional   no cache now, the service goes on without\n";
}

// Scoped: one connection for this block alone, returned at its end, also when an exception passes. Only
// scoped handles allow commands that change their connection, such as SELECT.
void look_around(ClientProvider& redis) {
  try {
    const auto own = redis.scoped_client("main");
    own.select(15);
    std::cout << "  scoped     connection " << own.client_id() << " now works on database 15, which holds "
              << own.dbsize() << " keys\n";
  } catch (const redstart::Unavailable& error) {
    std::cout << "  scoped     Unavailable (" << to_string(error.code()) << ")\n";
  }
}

// results() has the same commands, and returns errors as values.
void add_without_exceptions(const Client& db) {
  db.set("handles:word", "seven", {.expire = 60s});
  const redstart::Result<std::int64_t> sum = db.results().incr("handles:word");
  if (sum) {
    std::cout << "  results()  " << *sum << '\n';
  } else {
    std::cout << "  results()  " << to_string(sum.error().code()) << ", effect "
              << to_string(sum.error().effect()) << ", remedy " << to_string(sum.error().remedy()) << ":\n"
              << "             " << sum.error().what() << '\n';
  }
}

}  // namespace

int main() try {
  const RedisConfig config = redstart::RedisConfigLoader{}.load();  // REDIS_URL, else localhost:6379

  RedisConnectionManager up;  // an ordinary object; a service mostly uses RedisConnectionManager::instance()
  up.start(config);
  std::cout << "Redis is up:\n";
  store_order(up);
  count_visit(up);
  look_around(up);
  const Client db = up.client("main");
  add_without_exceptions(db);

  RedisConnectionManager down;
  RedisConfig nobody_there;
  nobody_there.service = "handles";
  nobody_there.defaults.endpoint = {.host = "127.0.0.1", .port = 1};  // nothing listens there
  nobody_there.database("main");
  down.start(nobody_there);  // no error: the service starts, and its handles report
  std::cout << "Redis is down:\n";
  store_order(down);
  count_visit(down);
  look_around(down);

  db.del("handles:order", "handles:word");
  if (const auto cache = up.optional_client("cache", 50ms)) cache->del("handles:visits");
  up.shutdown();
  std::cout << "The manager is gone, a handle is left:\n";
  const auto late = db.results().get("handles:order");
  std::cout << "  results()  " << (late ? "a reply?" : late.error().what()) << '\n';
} catch (const redstart::Error& error) {
  std::cerr << "handles: " << error.what() << '\n';
  return 1;
}
