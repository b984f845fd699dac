// SPDX-License-Identifier: Apache-2.0
// circuit_breaker_graph_test.cpp: fault 77: explores every breaker state, event and ticket exhaustively.
#include "resilience/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using State = BreakerState;
using Ticket = CircuitBreaker::Ticket;

// Small numbers keep the graph finite. The failure share is left out and has its own test.
constexpr unsigned row = 3;
constexpr unsigned probes = 3;
constexpr std::size_t most_tickets = 5;
constexpr int oldest = 3;
constexpr auto tick = 500ms;
constexpr auto longest = 1000ms;
const BreakerPolicy policy{row, 0.0, 1'000'000, {tick, longest, 2.0, Jitter::none}, probes};

/// A direct model of the breaker's invariants that shares no code with the class.
struct Model {
  struct Call {
    int age = 0;        // state changes since it was admitted, up to `oldest`
    bool later = true;  // began after the first failure of the row, if there is one

    friend auto operator<=>(const Call&, const Call&) = default;
  };

  State state = State::closed;
  unsigned failures = 0;        // in a row, while closed
  bool confirmed = false;       // one of them is from a later call
  unsigned in_flight = 0;       // while half open
  unsigned successes = 0;       // while half open
  int ticks_left = 0;           // while open: time until a caller may probe
  int next_ticks = 1;           // duration of the next open period
  std::vector<Call> tickets{};  // held by callers

  friend bool operator<(const Model& a, const Model& b) {
    const auto key = [](const Model& m) {
      return std::tie(m.state, m.failures, m.confirmed, m.in_flight, m.successes, m.ticks_left, m.next_ticks,
                      m.tickets);
    };
    return key(a) < key(b);
  }

  void become(State next) {
    state = next;
    failures = in_flight = successes = 0;
    confirmed = false;
    ticks_left = 0;
    for (Call& call : tickets) call.age = std::min(call.age + 1, oldest);
  }
  void open() {
    become(State::open);
    ticks_left = next_ticks;
    next_ticks = 2;
  }
  bool admit() {
    if (state == State::open && ticks_left == 0) become(State::half_open);
    if (state == State::open || state == State::forced_open) return false;
    if (state == State::half_open) {
      if (in_flight + successes == probes) return false;
      ++in_flight;
    }
    tickets.emplace_back();
    return true;
  }
  bool take(std::size_t index) {
    const bool present = tickets[index].age == 0;
    tickets.erase(tickets.begin() + static_cast<std::ptrdiff_t>(index));
    return present;
  }
  void succeeded(std::size_t index) {
    if (!take(index)) return;
    if (state == State::closed) failures = 0;
    if (state == State::closed) confirmed = false;
    if (state != State::half_open) return;
    --in_flight;
    if (++successes < probes) return;
    become(State::closed);
    next_ticks = 1;
  }
  void failed(std::size_t index) {
    const bool later = tickets[index].later;
    if (!take(index)) return;
    if (state == State::closed && ++failures == 1) {
      for (Call& call : tickets) call.later = false;
    } else {
      confirmed = confirmed || later;
    }
    if (state == State::half_open || (state == State::closed && failures >= row && confirmed)) open();
  }
  void dropped(std::size_t index) {
    if (take(index) && state == State::half_open) --in_flight;
  }
  void pass_time() { ticks_left = std::max(0, ticks_left - 1); }
  void automatic() {
    if (state != State::forced_open && state != State::forced_closed) return;
    become(State::closed);
    next_ticks = 1;
  }
};

enum class Step { admit, succeeded, failed, dropped, time, ready, force_open, force_closed, automatic };

struct Node {
  Model model{};
  CircuitBreaker breaker{policy};
  std::vector<Ticket> tickets{};
  TimePoint now = TimePoint{} + 1h;
  std::string path{};
};

class Graph {
 public:
  void explore() {
    add(Node{});
    while (!todo_.empty() && !::testing::Test::HasFatalFailure()) {
      const Node node = std::move(todo_.front());
      todo_.pop_front();
      for (const Step event :
           {Step::admit, Step::time, Step::ready, Step::force_open, Step::force_closed, Step::automatic})
        if (event != Step::admit || node.tickets.size() < most_tickets) step(node, event, 0);
      for (std::size_t i = 0; i < node.tickets.size(); ++i)
        for (const Step event : {Step::succeeded, Step::failed, Step::dropped}) step(node, event, i);
    }
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] const std::set<std::tuple<State, Step, State>>& edges() const { return edges_; }

 private:
  void add(Node node) {
    if (seen_.insert(node.model).second) todo_.push_back(std::move(node));
  }

  void step(const Node& from, Step event, std::size_t index) {
    ++steps_;
    Node to = from;
    to.path += "asfdtroc-"[static_cast<std::size_t>(event)];
    const bool outcome = event == Step::succeeded || event == Step::failed || event == Step::dropped;
    const bool stale = outcome && to.tickets[index].generation != to.breaker.generation();
    Ticket ticket;
    if (outcome) {
      to.path += std::to_string(index);
      ticket = to.tickets[index];
      to.tickets.erase(to.tickets.begin() + static_cast<std::ptrdiff_t>(index));
    }
    switch (event) {
      case Step::admit: {
        const auto admitted = to.breaker.admit(to.now);
        ASSERT_EQ(admitted.has_value(), to.model.admit()) << to.path;
        if (admitted) to.tickets.push_back(*admitted);
        break;
      }
      case Step::succeeded:
        to.breaker.succeeded(ticket, to.now);
        to.model.succeeded(index);
        break;
      case Step::failed:
        to.breaker.failed(ticket, to.now, 0.5);
        to.model.failed(index);
        break;
      case Step::dropped:
        to.breaker.dropped(ticket);
        to.model.dropped(index);
        break;
      case Step::time:
        to.now += tick;
        to.model.pass_time();
        break;
      case Step::ready:
        to.breaker.connection_ready();
        if (to.model.state == State::open) to.model.become(State::half_open);
        break;
      case Step::force_open:
        to.breaker.force_open();
        if (to.model.state != State::forced_open) to.model.become(State::forced_open);
        break;
      case Step::force_closed:
        to.breaker.force_closed();
        if (to.model.state != State::forced_closed) to.model.become(State::forced_closed);
        break;
      case Step::automatic:
        to.breaker.automatic();
        to.model.automatic();
        break;
    }
    check(from, to, event, stale);
    add(std::move(to));
  }

  void check(const Node& from, const Node& to, Step event, bool stale) {
    const State before = from.breaker.state();
    const State after = to.breaker.state();
    if (before != after) edges_.insert({before, event, after});
    ASSERT_EQ(after, to.model.state) << to.path;
    ASSERT_EQ(to.breaker.probing(), to.model.in_flight) << to.path;
    ASSERT_EQ(to.breaker.generation(), from.breaker.generation() + (before == after ? 0 : 1)) << to.path;
    ASSERT_LE(to.breaker.probing(), probes) << to.path;
    for (std::size_t i = 0; i < to.tickets.size(); ++i)
      ASSERT_EQ(std::min<std::uint64_t>(to.breaker.generation() - to.tickets[i].generation, oldest),
                static_cast<std::uint64_t>(to.model.tickets[i].age))
          << to.path;
    if (after == State::open) {
      ASSERT_LE(to.breaker.open_until() - to.now, longest) << to.path;
      ASSERT_EQ(std::max<TimePoint>(to.breaker.open_until(), to.now) - to.now, to.model.ticks_left * tick)
          << to.path;
    }
    if (stale) {
      ASSERT_EQ(before, after) << to.path;
      ASSERT_EQ(from.breaker.probing(), to.breaker.probing()) << to.path;
    }
    // No caller is locked out: once all calls in flight have ended, a caller that comes late enough is
    // admitted.
    CircuitBreaker later = to.breaker;
    for (const Ticket ticket : to.tickets) later.dropped(ticket);
    ASSERT_EQ(later.admit(to.now + longest).has_value(), after != State::forced_open) << to.path;
    check_memory(to);
  }

  // Visited states are not expanded again, so the breaker's hidden state is checked here.
  void check_memory(const Node& at) {
    const State state = at.breaker.state();
    if (state != State::closed && state != State::half_open) return;
    CircuitBreaker failing = at.breaker;
    for (const Ticket ticket : at.tickets) failing.dropped(ticket);
    CircuitBreaker succeeding = failing;
    // Failures of calls that begin now, also after failures of calls that had begun earlier.
    const unsigned failures = state == State::closed && at.model.failures < row ? row - at.model.failures : 1;
    for (unsigned i = 0; i < failures; ++i) {
      ASSERT_EQ(failing.state(), state) << at.path;
      failing.failed(failing.admit(at.now).value(), at.now, 0.5);
    }
    ASSERT_EQ(failing.state(), State::open) << at.path;
    ASSERT_EQ(failing.open_until() - at.now, at.model.next_ticks * tick) << at.path;
    if (state == State::closed) return;
    for (unsigned i = at.model.successes; i < probes; ++i) {
      ASSERT_EQ(succeeding.state(), state) << at.path;
      succeeding.succeeded(succeeding.admit(at.now).value(), at.now);
    }
    ASSERT_EQ(succeeding.state(), State::closed) << at.path;
  }

  std::set<Model> seen_{};
  std::deque<Node> todo_{};
  std::set<std::tuple<State, Step, State>> edges_{};
  std::size_t steps_ = 0;
};

TEST(Fault77, HasOnlyLegalTransitionsInAllStatesEventsAndGenerations) {
  Graph graph;
  graph.explore();
  EXPECT_GT(graph.states(), 500U);
  EXPECT_GT(graph.steps(), 5'000U);
  using enum BreakerState;
  const std::set<std::tuple<State, Step, State>> legal = {
      {closed, Step::failed, open},
      {open, Step::admit, half_open},
      {open, Step::ready, half_open},
      {half_open, Step::failed, open},
      {half_open, Step::succeeded, closed},
      {closed, Step::force_open, forced_open},
      {open, Step::force_open, forced_open},
      {half_open, Step::force_open, forced_open},
      {forced_closed, Step::force_open, forced_open},
      {closed, Step::force_closed, forced_closed},
      {open, Step::force_closed, forced_closed},
      {half_open, Step::force_closed, forced_closed},
      {forced_open, Step::force_closed, forced_closed},
      {forced_open, Step::automatic, closed},
      {forced_closed, Step::automatic, closed},
  };
  EXPECT_EQ(graph.edges(), legal);
  RecordProperty("states", static_cast<int>(graph.states()));
  RecordProperty("steps", static_cast<int>(graph.steps()));
}

}  // namespace
}  // namespace redstart
