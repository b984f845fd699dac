// SPDX-License-Identifier: Apache-2.0
// stage.cpp: starts the server of a run and reads its data.
#include "stage.hpp"

#include <random>
#include <stdexcept>
#include <thread>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;
using test::RawRedis;
using test::RawReply;

std::vector<std::string> with_defaults(const std::string& password, std::vector<std::string> more) {
  // `appendfsync no` still writes before it acknowledges. The data survives the process, and only that is
  // killed.
  std::vector<std::string> all{"--requirepass",
                               password,
                               "--appendonly",
                               "yes",
                               "--appendfsync",
                               "no",
                               "--auto-aof-rewrite-min-size",
                               "48mb",
                               "--lua-time-limit",
                               "50",
                               "--loading-process-events-interval-bytes",
                               "1024",
                               "--maxclients",
                               "400"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<std::uint32_t> numbers(const RawReply& reply, Violations* violations) {
  std::vector<std::uint32_t> all;
  for (const RawReply& element : reply.elements) {
    const auto number = number_at(element.text);
    if (number)
      all.push_back(*number);
    else if (violations != nullptr)
      violations->add("I6", "a list of the server contains `" + element.text.substr(0, 60) + "`");
  }
  return all;
}

}  // namespace

std::string random_password() {
  std::random_device device;
  std::string password;
  for (int i = 0; i < 32; ++i) password += "0123456789abcdef"[device() % 16];
  return password;
}

Stage::Stage(std::string password, std::vector<std::string> arguments)
    : password_(std::move(password)), server_(with_defaults(password_, std::move(arguments))) {
  await_ready();
}

RawRedis Stage::raw() const {
  RawRedis connection(server_.socket_path());
  connection.text({"AUTH", password_});
  return connection;
}

void Stage::await_ready() const {
  const auto until = Clock::now() + 30s;
  for (;;) {
    try {
      RawRedis connection = raw();
      if (connection.command({"PING"}).text == "PONG") return;
    } catch (const std::exception&) {
      // The server is not listening, or has no free connections.
    }
    if (Clock::now() > until) throw std::runtime_error("the server does not answer:\n" + server_.log());
    std::this_thread::sleep_for(2ms);
  }
}

RedisConfig Stage::config(std::uint16_t port, std::uint16_t checked_port) const {
  RedisConfig config;
  config.service = "soak";
  config.listener = nullptr;
  config.io_threads = io_threads;
  config.defaults.endpoint = {"127.0.0.1", port, {}};
  config.defaults.password = Secret(password_);
  config.defaults.max_connections = most_connections;
  config.defaults.max_pending_bytes = most_pending_bytes;
  config.defaults.direct_limit = 3;
  config.defaults.timeouts = {Run::usual_limit, Run::usual_limit, Run::usual_limit};
  DatabaseConfig& usual = config.database(usual_database);
  usual.number = 0;
  usual.timeouts = {};  // the defaults of users
  DatabaseConfig& strict = config.database(strict_database);
  strict.number = 0;
  strict.retry.mode = RetryMode::off;
  DatabaseConfig& checked = config.database(checked_database);
  checked.number = 0;
  checked.endpoint.port = checked_port;
  checked.integrity = true;
  return config;
}

void Stage::open_accounts() const {
  RawRedis connection = raw();
  for (std::size_t i = 0; i < accounts; ++i)
    connection.text({"SET", "account:" + std::to_string(i), std::to_string(opening_balance)});
}

Lists Stage::lists() const {
  RawRedis connection = raw();
  Lists lists;
  for (const RawReply& key : connection.command({"KEYS", "oplog:*"}).elements) {
    const auto list = static_cast<std::uint16_t>(std::stoi(key.text.substr(6)));
    lists[list] = numbers(connection.command({"LRANGE", key.text, "0", "-1"}), nullptr);
  }
  return lists;
}

std::vector<std::int64_t> Stage::balances() const {
  RawRedis connection = raw();
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < accounts; ++i)
    all.push_back(std::stoll(connection.text({"GET", "account:" + std::to_string(i)})));
  return all;
}

std::uint64_t Stage::counter(const std::string& key) const {
  const RawReply reply = raw().command({"GET", key});
  return reply.null ? 0 : std::stoull(reply.text);
}

bool Stage::await_alone() const {
  const auto until = Clock::now() + 30s;
  while (Clock::now() < until) {
    if (raw().client_list().size() == 1) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

void check_everything(Run& run, const Stage& stage, const QueueLog& queue, bool wire_was_watched) {
  Violations& into = run.violations;
  if (!stage.await_alone()) into.add("I9", "connections of the soak are open after its end");
  const std::vector<Entry> entries = run.ledger.entries();
  const Lists lists = stage.lists();
  check_completions(entries, into);
  std::vector<Entry> logged = entries;  // the consumer empties the list of the queue
  for (Entry& entry : logged)
    if (entry.list == queue_list) entry.list = no_list;
  check_lists(logged, lists, into);
  check_order(entries, lists, into);
  if (wire_was_watched) check_wire(entries, into);
  for (const Counter& counter : run.counters)
    check_counter(counter.key, counter.acknowledged, counter.unknown, stage.counter(counter.key), into);
  check_bank(stage.balances(), static_cast<std::int64_t>(accounts) * opening_balance, into);
  test::RawRedis raw = stage.raw();
  check_queue(entries, queue_list,
              {queue.taken, numbers(raw.command({"LRANGE", "queue", "0", "-1"}), &into), queue.unknown_takes},
              into);
  for (const Entry& entry : entries) run.verified += entry.completions == 1 ? 1U : 0U;
}

}  // namespace redstart::soak
