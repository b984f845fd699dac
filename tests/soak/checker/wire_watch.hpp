// SPDX-License-Identifier: Apache-2.0
// wire_watch.hpp: checks the bytes on their way to the server.
// It checks how often each command is sent (I4). No command of a user precedes the first PONG (I14), and none
// is sent while the circuit breaker is open (I10).
#pragma once

#include "breaker_watch.hpp"
#include "ledger.hpp"
#include "violations.hpp"

#include <redstart/core/clock.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace redstart::soak {

/// Takes the bytes of every connection, in pieces as they arrive, before they are forwarded. One thread at a
/// time.
class WireWatch {
 public:
  /// Connections are named `<service>:<database>`. Reports sent operations to `breakers`.
  WireWatch(Ledger& ledger, Violations& violations, BreakerWatch* breakers = nullptr,
            std::string service = {})
      : ledger_(ledger), violations_(violations), breakers_(breakers), service_(std::move(service)) {}

  void to_server(std::uint64_t connection, std::string_view bytes, TimePoint now = {}) {
    Connection& state = connections_[connection];
    if (!state.ready) greet(connection, state, bytes);
    // A mark may be split over two pieces: the end of the last piece is examined again.
    std::string joined;
    if (!state.tail.empty()) {
      joined = state.tail;
      joined += bytes;
      bytes = joined;
    }
    std::size_t at = 0;
    while ((at = bytes.find(mark, at)) != std::string_view::npos && at + mark_size <= bytes.size()) {
      const auto number = number_at(bytes.substr(at));
      if (number) went_out(state, *number, now);
      at += number ? mark_size : 1;
    }
    // Shorter than a mark, so that none is counted twice.
    state.tail = at == std::string_view::npos ? std::string() : std::string(bytes.substr(at));
  }
  void to_client(std::uint64_t connection, std::string_view bytes) {
    Connection& state = connections_[connection];
    if (state.ready || !state.asked) return;
    state.answer += bytes;
    // MISCONF also proves readiness: the server can't save, but serves.
    state.ready = state.answer.find("+PONG\r\n") != std::string::npos ||
                  state.answer.find("-MISCONF ") != std::string::npos;
    if (!state.ready) {
      state.answer.erase(0, state.answer.size() - std::min(state.answer.size(), word_size));
      return;
    }
    const std::size_t name =
        service_.empty() ? std::string::npos : state.greeting.find("\n" + service_ + ":");
    if (name != std::string::npos) {
      const std::size_t begin = name + service_.size() + 2;
      state.database = state.greeting.substr(begin, state.greeting.find('\r', begin) - begin);
    }
    state.greeting = {};
    state.answer = {};
  }
  void closed(std::uint64_t connection) { connections_.erase(connection); }

 private:
  static constexpr std::size_t word_size = 8;  // all but the last byte of "-MISCONF "
  struct Connection {
    std::string tail{};
    std::string greeting{};  // what was sent before the connection was ready
    std::string answer{};    // the end of what was received until then
    std::string database{};
    bool asked = false;  // the PING has been sent
    bool ready = false;  // its reply has been received
    bool early = false;  // reported once
  };

  void greet(std::uint64_t connection, Connection& state, std::string_view bytes) {
    if (bytes.find(mark) != std::string_view::npos && !std::exchange(state.early, true))
      violations_.add("I14", "connection " + std::to_string(connection) +
                                 " carried a user's command before its PING was answered");
    state.greeting += bytes;
    state.asked = state.asked || state.greeting.find("\r\nPING\r\n") != std::string::npos;
  }

  void went_out(const Connection& state, std::uint32_t number, TimePoint now) {
    ledger_.seen(number);
    if (breakers_ != nullptr && !state.database.empty()) breakers_->seen(state.database, number, now);
  }

  Ledger& ledger_;
  Violations& violations_;
  BreakerWatch* const breakers_;
  const std::string service_;
  std::unordered_map<std::uint64_t, Connection> connections_{};
};

}  // namespace redstart::soak
