// SPDX-License-Identifier: Apache-2.0
// capacity_test.cpp: every order of events of up to six callers, and one example of each rule.
#include "pool/capacity.hpp"
#include "support/sanitizers.hpp"
#include "support/start_time.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace redstart::inline v0::pool {
namespace {

using test::start;
using namespace std::chrono_literals;

using enum ConnectionKind;
using Takes = Waiter::Takes;
using Use = Capacity::Use;

constexpr auto patience = 100ms;
constexpr std::array kinds{direct, shared, exclusive};

struct Caller final : Waiter {
  Caller(ConnectionKind of, Takes what) : Waiter(of, what) {}
  void notify() noexcept override {}
};

// ---- Examples.

class CapacityRules : public ::testing::Test {
 protected:
  void fill(Capacity& capacity, ConnectionKind kind) {
    while (capacity.try_grant(kind)) {
    }
  }
  Caller direct_caller_{direct, Takes::connections};
  Caller later_caller_{direct, Takes::connections};
  Caller operation_{exclusive, Takes::connections};
  Caller link_{shared, Takes::grants};
  Caller second_{exclusive, Takes::connections};
  Caller third_{exclusive, Takes::connections};
  Capacity capacity_{3, patience};  // destroyed before its waiters
};

TEST_F(CapacityRules, LimitsGrantsOfAllKindsTogether) {
  EXPECT_TRUE(capacity_.try_grant(direct));
  EXPECT_TRUE(capacity_.try_grant(shared));
  EXPECT_TRUE(capacity_.try_grant(exclusive));
  EXPECT_FALSE(capacity_.try_grant(direct));
  EXPECT_EQ(capacity_.granted(), 3U);
  EXPECT_EQ(capacity_.granted(shared), 1U);
}

TEST_F(CapacityRules, GiveFreeGrantToFirstWaiterOfAnyKind) {
  fill(capacity_, direct);
  capacity_.enqueue(operation_, start);
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.next(), nullptr) << "no grant is free";
  capacity_.release(direct);
  ASSERT_EQ(capacity_.next(), &operation_);
  capacity_.grant(operation_);
  EXPECT_EQ(operation_.grant, Waiter::Grant::capacity);
  EXPECT_EQ(capacity_.granted(exclusive), 1U);
  EXPECT_EQ(capacity_.waiting(), 1U);
}

TEST_F(CapacityRules, HandReturnedConnectionToFirstWaiterForThatKind) {
  fill(capacity_, direct);
  capacity_.enqueue(operation_, start);
  capacity_.enqueue(direct_caller_, start);
  capacity_.enqueue(later_caller_, start);
  EXPECT_TRUE(capacity_.is_contended(direct));
  const auto decision = capacity_.returned(direct, start, false);
  EXPECT_EQ(decision.use, Use::hand_over);
  EXPECT_EQ(decision.to, &direct_caller_);
  EXPECT_EQ(capacity_.first(), &operation_) << "it was passed over and keeps its place";
}

TEST_F(CapacityRules, CloseConnectionForWaiterThatWasPassedOverByWholeTurnover) {
  fill(capacity_, direct);
  capacity_.enqueue(operation_, start);
  for (int passed = 0; passed != 3; ++passed) {
    capacity_.enqueue(direct_caller_, start);
    EXPECT_EQ(capacity_.returned(direct, start + 1s, false).use, Use::hand_over) << passed;
  }
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.returned(direct, start + patience - 1ms, false).use, Use::hand_over)
      << "calls are short, and it has not waited for long";
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.returned(direct, start + patience, false).use, Use::close);
  capacity_.release(direct);
  EXPECT_EQ(capacity_.next(), &operation_);
}

TEST_F(CapacityRules, PassOverEachFirstWaiterOnItsOwnAccount) {
  fill(capacity_, direct);
  capacity_.enqueue(operation_, start);
  capacity_.enqueue(second_, start);
  for (int passed = 0; passed != 3; ++passed) {
    capacity_.enqueue(direct_caller_, start);
    static_cast<void>(capacity_.returned(direct, start + 1s, false));
  }
  capacity_.dequeue(operation_);
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.returned(direct, start + 1s, false).use, Use::hand_over);
  capacity_.dequeue(second_);
  capacity_.enqueue(operation_, start);
  EXPECT_EQ(operation_.passed, 0U) << "it is queued anew";
}

TEST_F(CapacityRules, CloseConnectionThatNoWaiterTakes) {
  fill(capacity_, exclusive);
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.returned(exclusive, start, false).use, Use::close);
}

TEST_F(CapacityRules, KeepConnectionWhenNobodyWaits) {
  fill(capacity_, direct);
  EXPECT_FALSE(capacity_.is_contended(direct));
  EXPECT_EQ(capacity_.returned(direct, start, false).use, Use::keep);
}

TEST_F(CapacityRules, NeverPassOverWaiterThatTakesOnlyGrants) {
  fill(capacity_, direct);
  capacity_.enqueue(link_, start);
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.returned(direct, start, false).use, Use::close);
}

TEST_F(CapacityRules, KeepConnectionsWhileGrantsAreFree) {
  ASSERT_TRUE(capacity_.try_grant(direct));
  capacity_.enqueue(operation_, start);  // it waits for its next attempt
  EXPECT_EQ(capacity_.returned(direct, start + 1s, false).use, Use::keep);
  EXPECT_FALSE(capacity_.wants_room(false));
  EXPECT_EQ(capacity_.returned(direct, start + 1s, true).use, Use::close) << "the server is full";
}

TEST_F(CapacityRules, ServeOthersWhileKindHasNoAllowance) {
  capacity_.allow(exclusive, 0);
  capacity_.enqueue(operation_, start);
  EXPECT_EQ(capacity_.next(), nullptr);
  capacity_.enqueue(direct_caller_, start);
  EXPECT_EQ(capacity_.next(), &direct_caller_);
  EXPECT_EQ(capacity_.returned(exclusive, start, false).to, &operation_) << "it takes an open connection";
}

TEST_F(CapacityRules, CountAllowance) {
  capacity_.allow(exclusive, 1);
  capacity_.enqueue(operation_, start);
  capacity_.enqueue(second_, start);
  ASSERT_EQ(capacity_.next(), &operation_);
  capacity_.grant(operation_);
  EXPECT_EQ(capacity_.next(), nullptr);
  capacity_.allow(exclusive, Capacity::unlimited);
  EXPECT_EQ(capacity_.next(), &second_);
}

TEST_F(CapacityRules, GiveGrantsOfRaisedLimitToQueue) {
  fill(capacity_, direct);
  capacity_.enqueue(operation_, start);
  capacity_.resize(4);
  EXPECT_EQ(capacity_.next(), &operation_);
  capacity_.grant(operation_);
  EXPECT_TRUE(capacity_.full());
}

TEST_F(CapacityRules, CloseReturnedConnectionsAboveLoweredLimit) {
  fill(capacity_, direct);
  capacity_.resize(1);
  EXPECT_TRUE(capacity_.full());
  EXPECT_FALSE(capacity_.try_grant(shared));
  capacity_.enqueue(direct_caller_, start);
  for (int surplus = 2; surplus != 0; --surplus) {
    EXPECT_EQ(capacity_.returned(direct, start, false).use, Use::close);
    capacity_.release(direct);
  }
  const Capacity::Decision last = capacity_.returned(direct, start, false);
  EXPECT_EQ(last.use, Use::hand_over);
  EXPECT_EQ(last.to, &direct_caller_);
}

TEST_F(CapacityRules, RequeueWaiterAtItsPlace) {
  fill(capacity_, exclusive);
  for (Caller* caller : {&operation_, &second_, &third_}) capacity_.enqueue(*caller, start);
  capacity_.dequeue(operation_);
  capacity_.dequeue(second_);
  capacity_.requeue(second_);
  capacity_.requeue(operation_);
  for (Caller* caller : {&operation_, &second_, &third_})
    EXPECT_EQ(capacity_.returned(exclusive, start, false).to, caller);
}

// ---- Every interleaving.

// A caller in the queue.
struct Queued {
  ConnectionKind kind{};
  std::uint32_t passed = 0;
  bool old = false;  // has waited for the patience

  friend bool operator<(const Queued& a, const Queued& b) {
    return std::tie(a.kind, a.passed, a.old) < std::tie(b.kind, b.passed, b.old);
  }
};

// Callers of one kind are alike, so a state is the queue and how many callers of each kind are elsewhere.
struct State {
  std::vector<Queued> queue{};
  std::array<std::size_t, 3> away{};     // do not want a connection now
  std::array<std::size_t, 3> opening{};  // have a grant
  std::array<std::size_t, 3> using_{};   // have a connection
  std::array<std::size_t, 3> idle{};     // connections without a caller
  bool held = false;                     // exclusive callers get no grants

  friend bool operator<(const State& a, const State& b) {
    return std::tie(a.queue, a.away, a.opening, a.using_, a.idle, a.held) <
           std::tie(b.queue, b.away, b.opening, b.using_, b.idle, b.held);
  }
};

constexpr std::size_t at(ConnectionKind kind) { return static_cast<std::size_t>(kind); }

// The pools of one server, as far as they concern its capacity: makes the class of a state, does what the
// pools do at one event, and reads the state again.
class Pools {
 public:
  Pools(const State& state, std::size_t maximum) : state_(state), capacity_(maximum, patience) {
    for (const ConnectionKind kind : kinds) {
      for (std::size_t i = 0; i != state.opening[at(kind)] + state.using_[at(kind)] + state.idle[at(kind)];
           ++i)
        EXPECT_TRUE(capacity_.try_grant(kind));
    }
    if (state.held) capacity_.allow(exclusive, 0);
    for (const Queued& queued : state.queue) {
      Caller& caller = make(queued.kind);
      capacity_.enqueue(caller, queued.old ? now - patience : now);
      caller.passed = queued.passed;
    }
  }

  void ask(ConnectionKind kind) {
    --state_.away[at(kind)];
    if (state_.idle[at(kind)] != 0 && !waits(kind) && (kind != direct || capacity_.first() == nullptr)) {
      --state_.idle[at(kind)];
      ++state_.using_[at(kind)];
      return;
    }
    Caller& caller = make(kind);
    capacity_.enqueue(caller, now);
    if (capacity_.wants_room(false)) close_an_idle_one();
    serve();
  }
  void opened(ConnectionKind kind) {
    --state_.opening[at(kind)];
    ++state_.using_[at(kind)];
  }
  void opening_failed(ConnectionKind kind) {
    --state_.opening[at(kind)];
    ++state_.away[at(kind)];
    capacity_.release(kind);
    serve();
  }
  void returned(ConnectionKind kind) {
    --state_.using_[at(kind)];
    ++state_.away[at(kind)];
    if (kind == shared) {  // it serves others, or is idle until someone wants its grant
      ++state_.idle[at(kind)];
      if (capacity_.wants_room(false)) close_an_idle_one();
      return serve();
    }
    const Waiter* const first = capacity_.first();
    const Waiter* const own = capacity_.first(kind);
    const bool passes = first != nullptr && own != nullptr && first->place < own->place;
    const std::uint32_t before = first == nullptr ? 0 : first->passed;
    const bool may_be_passed =
        passes && first->takes == Takes::connections &&
        (first->passed < capacity_.maximum() || now - first->queued_at < patience || !capacity_.full());
    const bool free = !capacity_.full();
    const auto decision = capacity_.returned(kind, now, false);
    switch (decision.use) {
      case Use::keep:
        EXPECT_EQ(own, nullptr);
        EXPECT_TRUE(first == nullptr || free) << "an idle connection while somebody waits";
        ++state_.idle[at(kind)];
        break;
      case Use::hand_over:
        EXPECT_EQ(decision.to, own) << "the first of that kind";
        EXPECT_TRUE(!passes || may_be_passed);
        if (passes && !free) {
          EXPECT_TRUE(first->passed > before || before == capacity_.maximum())
              << "so that the first waiter does not starve";
        }
        leave_queue(*decision.to);
        ++state_.using_[at(kind)];
        break;
      case Use::close:
        EXPECT_NE(first, nullptr);
        EXPECT_TRUE(own == nullptr || (passes && !may_be_passed));
        capacity_.release(kind);
        EXPECT_EQ(capacity_.next(), first);
        break;
    }
    serve();
  }
  void lost(ConnectionKind kind) {
    --state_.using_[at(kind)];
    ++state_.away[at(kind)];
    capacity_.release(kind);
    serve();
  }
  void give_up(std::size_t index) {
    Caller& caller = *queue_[index];
    ++state_.away[at(caller.kind)];
    capacity_.dequeue(caller);
    leave_queue(caller);
    serve();
  }
  void time_passes() {
    for (const auto& caller : queue_) caller->queued_at = now - patience;
  }
  void hold(bool held) {
    state_.held = held;
    capacity_.allow(exclusive, held ? 0 : Capacity::unlimited);
    serve();
    while (capacity_.wants_room(false) && close_an_idle_one()) serve();
  }

  // Reads the state after the event, and checks what must be true between events.
  [[nodiscard]] State state() {
    State after = state_;
    after.queue.clear();
    std::size_t grants = 0;
    for (const ConnectionKind kind : kinds) {
      const std::size_t of_kind = after.opening[at(kind)] + after.using_[at(kind)] + after.idle[at(kind)];
      EXPECT_EQ(capacity_.granted(kind), of_kind) << "no grant is lost or invented";
      grants += of_kind;
    }
    EXPECT_LE(grants, capacity_.maximum());
    EXPECT_EQ(capacity_.waiting(), queue_.size());
    EXPECT_EQ(capacity_.next(), nullptr) << "a grant is free while somebody waits for it";
    std::size_t visible = 0;
    for (const auto& caller : queue_) {
      after.queue.push_back({caller->kind, caller->passed, now - caller->queued_at >= patience});
      visible += after.held && caller->kind == exclusive ? 0U : 1U;
      if (caller->kind != shared) {
        EXPECT_EQ(after.idle[at(caller->kind)], 0U) << "a connection that nobody took";
      }
    }
    EXPECT_EQ(capacity_.first() != nullptr, visible != 0);
    if (visible != 0) {
      EXPECT_EQ(after.idle[0] + after.idle[1] + after.idle[2], 0U) << "an idle connection has the grant";
      EXPECT_NE(grants, 0U) << "the first waiter waits for nobody";
    }
    return after;
  }

 private:
  static constexpr TimePoint now = start;

  Caller& make(ConnectionKind kind) {
    queue_.push_back(std::make_unique<Caller>(kind, kind == shared ? Takes::grants : Takes::connections));
    return *queue_.back();
  }
  [[nodiscard]] bool waits(ConnectionKind kind) const {
    return std::any_of(queue_.begin(), queue_.end(), [kind](const auto& one) { return one->kind == kind; });
  }
  void leave_queue(const Waiter& waiter) {
    std::erase_if(queue_, [&waiter](const auto& one) { return one.get() == &waiter; });
  }
  bool close_an_idle_one() {
    for (const ConnectionKind kind : kinds) {
      if (state_.idle[at(kind)] == 0) continue;
      --state_.idle[at(kind)];
      capacity_.release(kind);
      return true;
    }
    return false;
  }
  void serve() {
    while (Waiter* const next = capacity_.next()) {
      const auto oldest = std::find_if(queue_.begin(), queue_.end(), [this](const auto& one) {
        return !state_.held || one->kind != exclusive;
      });
      EXPECT_EQ(next, oldest->get()) << "a free grant goes to the first waiter of any kind";
      capacity_.grant(*next);
      ++state_.opening[at(next->kind)];
      leave_queue(*next);
    }
  }

  State state_;
  std::vector<std::unique_ptr<Caller>> queue_{};
  Capacity capacity_;  // destroyed before its waiters
};

// Follows every order of events from the state in which no caller wants a connection.
class Exploration {
 public:
  explicit Exploration(std::size_t maximum) : maximum_(maximum) {}

  void run(const State& first) {
    found_.insert(first);
    pending_.push_back(first);
    while (!pending_.empty() && !::testing::Test::HasFailure()) {
      const State state = std::move(pending_.back());
      pending_.pop_back();
      events(state);
    }
  }
  [[nodiscard]] std::size_t states() const { return found_.size(); }

 private:
  template <class Event>
  void after(const State& state, Event event) {
    Pools pools(state, maximum_);
    event(pools);
    State next = pools.state();
    if (found_.insert(next).second) pending_.push_back(std::move(next));
  }
  void events(const State& state) {
    for (const ConnectionKind kind : kinds) {
      if (state.away[at(kind)] != 0) after(state, [kind](Pools& pools) { pools.ask(kind); });
      if (state.opening[at(kind)] != 0) {
        after(state, [kind](Pools& pools) { pools.opened(kind); });
        after(state, [kind](Pools& pools) { pools.opening_failed(kind); });
      }
      if (state.using_[at(kind)] == 0) continue;
      after(state, [kind](Pools& pools) { pools.returned(kind); });
      after(state, [kind](Pools& pools) { pools.lost(kind); });
    }
    for (std::size_t i = 0; i != state.queue.size(); ++i)
      after(state, [i](Pools& pools) { pools.give_up(i); });
    after(state, [](Pools& pools) { pools.time_passes(); });
    after(state, [held = !state.held](Pools& pools) { pools.hold(held); });
  }

  const std::size_t maximum_;
  std::set<State> found_{};
  std::vector<State> pending_{};
};

class CapacityExplored : public ::testing::TestWithParam<std::size_t> {};

// Callers come back without end. No first waiter starves: once it is old, each returned connection either
// serves it or counts, and at most `maximum` count.
TEST_P(CapacityExplored, KeepsItsRulesInEveryOrderOfEvents) {
  // One thread runs all of it. The sanitizers make it too slow for six callers.
  constexpr std::size_t most = test::with_address_sanitizer || test::with_thread_sanitizer ? 4 : 6;
  std::size_t states = 0;
  for (std::size_t of_direct = 0; of_direct <= most; ++of_direct) {
    for (std::size_t of_shared = 0; of_direct + of_shared <= most; ++of_shared) {
      State first;
      first.away = {of_direct, of_shared, most - of_direct - of_shared};
      Exploration exploration(GetParam());
      exploration.run(first);
      ASSERT_FALSE(HasFailure()) << of_direct << " direct and " << of_shared << " shared callers";
      states += exploration.states();
    }
  }
  EXPECT_GT(states, 1000U);
  RecordProperty("states", std::to_string(states));
}

INSTANTIATE_TEST_SUITE_P(Maximum, CapacityExplored, ::testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace redstart::inline v0::pool
