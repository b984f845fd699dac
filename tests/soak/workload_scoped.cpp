// SPDX-License-Identifier: Apache-2.0
// workload_scoped.cpp: threads with scoped handles.
// They run plain commands, and transfers between accounts.
#include "workload.hpp"
#include "workload_operations.hpp"

#include <redstart/redstart.hpp>

#include <exception>
#include <optional>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;

// Runs `call` and returns its value, or the error that it threw.
template <class F>
auto attempt(F call) -> Result<decltype(call())> {
  try {
    return call();
  } catch (const Error& error) {
    return error;
  }
}

// Uses one connection for a few commands, one after the other.
void borrow(Run& run, Source& source, RedisConnectionManager& redis, Pace& pace) {
  const auto own = attempt([&] {
    auto handle = redis.scoped_client(strict_database);
    handle.set_timeout(Run::usual_limit);
    return handle;
  });
  // no command was issued yet; other callers report whether this may fail
  if (!own) return run.scan("an error", own.error().what());
  for (std::uint32_t n = 1 + source.below(20); n != 0 && !run.stopping() && !run.ledger.full(); --n) {
    sleep_until(run, pace.next());
    AnyOperation operation = next_operation(run, source);
    std::visit(
        [&](const auto& op) {
          const PendingCall pending = Run::begin(source.caller, op.kind);
          op.classify(run, pending, attempt([&] { return op.submit(*own); }));
        },
        operation);
  }
}

// Moves an amount unless another client changes the accounts first, and appends its number.
void transfer(Run& run, Source& source, RedisConnectionManager& redis) {
  const std::string from = "account:" + std::to_string(source.below(accounts));
  const std::string to = "account:" + std::to_string(source.below(accounts));
  if (from == to) return;
  const std::int64_t amount = 1 + source.below(10);
  std::optional<std::uint32_t> number;
  PendingCall pending = Run::begin(source.caller, Kind::transaction);
  Result<bool> applied = attempt([&] {
    const auto own = redis.scoped_client(strict_database);
    own.command<Ok>("WATCH", from, to);
    const auto has = own.get<std::int64_t>(from).value();
    const auto other = own.get<std::int64_t>(to).value();
    own.command<Ok>("MULTI");
    own.command<Queued>("SET", from, has - amount);
    own.command<Queued>("SET", to, other + amount);
    number = run.ledger.issue({.list = bank_list});
    own.command<Queued>("RPUSH", "oplog:" + std::to_string(bank_list), marked(*number));
    pending = Run::begin(source.caller, Kind::transaction);
    return own.command<std::optional<std::vector<Value>>>("EXEC").has_value();
  });
  const Outcome outcome = run.end(pending, applied);
  if (!number) return;  // the transaction was not begun
  // A failure before EXEC has run nothing: the server drops the commands that it had queued.
  if (outcome == Outcome::ok)
    run.ledger.complete(*number, *applied ? Outcome::ok : Outcome::not_sent);
  else
    run.ledger.complete(*number, applied.error().info().command == "EXEC" ? outcome : Outcome::not_sent);
}

class ScopedGroup final : public Group {
 public:
  ScopedGroup(Run& run, RedisConnectionManager& redis, double rate) {
    for (std::size_t i = 0; i < 2; ++i) {
      threads_.emplace_back([&run, &redis, i, rate] {
        Source source = source_of(run, i);
        source.own = &run.keys[sync_callers + coroutines + i];
        Pace pace(rate / 3);
        while (!run.stopping() && !run.ledger.full()) {
          borrow(run, source, redis, pace);
          sleep_until(run, pace.next());
        }
      });
      threads_.emplace_back([&run, &redis, i, rate] {
        Source source = source_of(run, 2 + i);
        Pace pace(rate / 6);
        while (!run.stopping() && !run.ledger.full()) {
          sleep_until(run, pace.next());
          transfer(run, source, redis);
        }
      });
    }
  }
  void join() override { threads_.clear(); }

 private:
  static Source source_of(const Run& run, std::size_t index) {
    return {.random = std::mt19937(static_cast<std::uint32_t>(run.options().seed + 4000 + index)),
            .caller = Caller::scoped,
            .list = static_cast<std::uint16_t>(first_scoped_list + index)};
  }

  std::vector<std::jthread> threads_{};
};

class QueueGroup final : public Group {
 public:
  QueueGroup(Run& run, RedisConnectionManager& redis, double rate, QueueLog& log) {
    threads_.emplace_back(
        [&run, rate, client = redis.client(strict_database).results()] { produce(run, client, rate); });
    threads_.emplace_back([&run, &redis, &log] { consume(run, redis, log); });
  }
  void join() override { threads_.clear(); }

 private:
  static void produce(Run& run, const Results& client, double rate) {
    Pace pace(rate);
    while (!run.stopping() && !run.ledger.full()) {
      sleep_until(run, pace.next());
      const std::uint32_t number = run.ledger.issue({.list = queue_list});
      const PendingCall pending = Run::begin(Caller::strict_sync, Kind::rpush);
      run.ledger.complete(number, run.end(pending, client.rpush("queue", marked(number))));
    }
  }

  static void consume(Run& run, RedisConnectionManager& redis, QueueLog& log) {
    while (!run.stopping()) {
      const auto own = attempt([&] { return redis.scoped_client(strict_database); });
      if (!own) {
        run.scan("an error", own.error().what());
        sleep_until(run, Clock::now() + 10ms);
        continue;
      }
      while (!run.stopping() && take(run, *own, log)) {
      }
      sleep_until(run, Clock::now() + 10ms);  // after a failure
    }
  }

  static bool take(Run& run, const ScopedClient& own, QueueLog& log) {
    const PendingCall pending = Run::begin(Caller::scoped, Kind::blpop, 200ms + Run::usual_limit);
    const auto taken = attempt([&] { return own.blpop("queue", {200ms}); });
    const Outcome outcome = run.end(pending, taken);
    if (outcome == Outcome::indeterminate) ++log.unknown_takes;
    if (outcome != Outcome::ok) return false;
    if (!*taken) return true;
    const auto& [key, element] = **taken;
    const auto number = number_at(element);
    if (key != "queue" || !number) {
      run.wrong_reply(pending, "an element of the queue", key + ": " + element);
      return false;
    }
    ++run.verified;
    log.taken.push_back(*number);
    return true;
  }

  std::vector<std::jthread> threads_{};
};

}  // namespace

std::unique_ptr<Group> scoped_workload(Run& run, RedisConnectionManager& redis, double rate) {
  return std::make_unique<ScopedGroup>(run, redis, rate);
}

std::unique_ptr<Group> queue_workload(Run& run, RedisConnectionManager& redis, double rate, QueueLog& log) {
  return std::make_unique<QueueGroup>(run, redis, rate, log);
}

}  // namespace redstart::soak
