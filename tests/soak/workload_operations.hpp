// SPDX-License-Identifier: Apache-2.0
// workload_operations.hpp: operations of the soak.
// Each is submitted to any kind of client, and checks its own reply.
#pragma once

#include "run.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

namespace redstart::soak {

/// One caller's share of the run: one operation after the other, or many at once.
struct Source {
  std::mt19937 random;
  Caller caller = Caller::sync;
  std::uint16_t list = no_list;
  std::uint8_t most_on_wire = 1;
  bool twice_allowed = false;  ///< It uses at_least_once, and only operations that a checker can recognise.
  bool serial = true;          ///< One operation after the other.
  Generations* own = nullptr;  ///< The key that only this caller writes; serial sources only.

  [[nodiscard]] std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random() % bound);
  }
  /// Limits for an operation of this caller.
  [[nodiscard]] Ledger::Terms terms(std::uint16_t where) const {
    return {where, most_on_wire, twice_allowed, serial && !twice_allowed};
  }
  /// Log-uniform between 16 B and 16 KiB, occasionally 256 KiB.
  [[nodiscard]] std::size_t size() {
    if (below(400) == 0) return 256 << 10;
    return static_cast<std::size_t>(std::exp2(4.0 + 10.0 * static_cast<double>(below(1000)) / 1000.0));
  }
};

struct Echo {
  static constexpr Kind kind = Kind::echo;
  std::string nonce;

  template <class Client>
  auto submit(const Client& client) const {
    return client.echo(nonce);
  }
  void classify(Run& run, const PendingCall& pending, const Result<std::string>& reply) const {
    if (run.end(pending, reply) != Outcome::ok) return;
    if (*reply != nonce) return run.wrong_reply(pending, nonce, *reply);
    ++run.verified;
  }
};

struct Read {
  static constexpr Kind kind = Kind::get;
  Generations* of;
  Generations::Expectation expected = of->expect();

  template <class Client>
  auto submit(const Client& client) const {
    return client.get(of->key(expected.incarnation));
  }
  void classify(Run& run, const PendingCall& pending, const Result<std::optional<std::string>>& reply) const {
    if (run.end(pending, reply) != Outcome::ok) return;
    if (!of->classify(expected, *reply, run.violations))
      return run.wrong_reply(pending, of->key(expected.incarnation), **reply);
    ++run.verified;
  }
};

struct Write {
  static constexpr Kind kind = Kind::set;
  Generations* to;
  std::string key;
  std::string value;

  template <class Client>
  auto submit(const Client& client) const {
    return client.set(key, value, {.expire = std::chrono::minutes(5)});
  }
  void classify(Run& run, const PendingCall& pending, const Result<bool>& reply) const {
    switch (run.end(pending, reply)) {
      case Outcome::ok: to->acknowledged(); break;
      case Outcome::indeterminate: to->unknown(); break;
      default: break;
    }
  }
};

struct Push {
  static constexpr Kind kind = Kind::rpush;
  std::uint16_t list;
  std::uint32_t number;

  template <class Client>
  auto submit(const Client& client) const {
    return client.rpush("oplog:" + std::to_string(list), marked(number));
  }
  void classify(Run& run, const PendingCall& pending, const Result<std::int64_t>& reply) const {
    run.ledger.complete(number, run.end(pending, reply));
  }
};

struct Script {
  static constexpr Kind kind = Kind::script;
  Counter* counter;
  std::uint32_t number;

  template <class Client>
  auto submit(const Client& client) const {
    return client.template command<std::tuple<std::string, std::uint64_t>>(
        "EVAL", R"(return {ARGV[1], redis.call("INCR",KEYS[1])})", 1, counter->key, marked(number));
  }
  void classify(Run& run, const PendingCall& pending,
                const Result<std::tuple<std::string, std::uint64_t>>& reply) const {
    const Outcome outcome = run.end(pending, reply);
    run.ledger.complete(number, outcome);
    if (outcome == Outcome::ok) {
      ++counter->acknowledged;
      if (std::get<0>(*reply) != marked(number))
        run.wrong_reply(pending, marked(number), std::get<0>(*reply));
    } else if (outcome != Outcome::not_sent) {
      ++counter->unknown;  // a script may have written before its error
    }
  }
};

struct Count {
  static constexpr Kind kind = Kind::incr;
  Counter* counter;

  template <class Client>
  auto submit(const Client& client) const {
    return client.incr(counter->key);
  }
  void classify(Run& run, const PendingCall& pending, const Result<std::int64_t>& reply) const {
    switch (run.end(pending, reply)) {
      case Outcome::ok: ++counter->acknowledged; break;
      case Outcome::indeterminate: ++counter->unknown; break;
      default: break;
    }
  }
};

using AnyOperation = std::variant<Echo, Read, Write, Push, Script, Count>;

/// The next operation of that caller. Its writes to the ledger or to its key are issued at that point.
[[nodiscard]] inline AnyOperation next_operation(Run& run, Source& source) {
  const std::uint32_t dice = source.below(100);
  const auto issue = [&](std::uint16_t list) { return run.ledger.issue(source.terms(list)); };
  Counter& counter = run.counters[source.below(static_cast<std::uint32_t>(run.counters.size()))];
  if (dice < 20)
    return Echo{"nonce:" + std::to_string(source.random()) + ":" + std::to_string(source.random())};
  if (dice < 47) return Read{&run.keys[source.below(static_cast<std::uint32_t>(run.keys.size()))]};
  if (dice < 67 && source.own != nullptr) {
    std::string value = source.own->next_value(source.size());
    return Write{source.own, source.own->key(source.own->expect().incarnation), std::move(value)};
  }
  if (dice < 84 || source.twice_allowed) return Push{source.list, issue(source.list)};
  if (dice < 94) return Script{&counter, issue(no_list)};
  return Count{&counter};
}

}  // namespace redstart::soak
