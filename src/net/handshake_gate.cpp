// SPDX-License-Identifier: Apache-2.0
// handshake_gate.cpp: who is inside, and who is next.
#include "handshake_gate.hpp"

#include "descriptors.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>

namespace redstart::inline v0::net {

namespace {

constexpr std::size_t at_once = 32;
// How often a thread that waits looks whether others have lost their places.
constexpr auto look_for_places_every = HandshakeGate::default_patience / 4;

}  // namespace

HandshakeGate& HandshakeGate::process() {
  struct OfProcess {
    std::uint32_t generation = fork_generation();
    HandshakeGate gate{at_once};
    OfProcess* parents = nullptr;
  };
  // Never destroyed: handles may still connect while statics are destroyed. In the child of a fork those who
  // were inside the parent's gate never leave it, so it has its own.
  static std::atomic<OfProcess*> current{nullptr};
  OfProcess* gate = current.load(std::memory_order_acquire);
  if (gate != nullptr && !forked(gate->generation)) return gate->gate;
  auto mine = std::make_unique<OfProcess>();
  mine->parents = gate;
  if (current.compare_exchange_strong(gate, mine.get(), std::memory_order_acq_rel)) gate = mine.release();
  return gate->gate;
}

HandshakeGate::HandshakeGate(std::size_t limit, Clock::duration patience)
    : limit_(limit), limit_of_server_(std::max<std::size_t>(limit / 2, 1)), patience_(patience) {
  inside_.reserve(limit);
}

HandshakeGate::Pass HandshakeGate::enter(std::string server, TimePoint now, std::function<void(Pass)> called,
                                         Ticket& ticket) {
  Admitted others;
  std::uint64_t place = 0;
  {
    const std::scoped_lock lock(mutex_);
    take_back(now);
    admit(now, others);  // those that came before
    if (inside_.size() < limit_ && places_of(server) < limit_of_server_) {
      place = take_place(std::move(server), now);
    } else {
      ticket = ++last_ticket_;
      waiting_.push_back({ticket, std::move(server), std::move(called), 0});
    }
  }
  call(others);
  return place == 0 ? Pass() : Pass(*this, place);
}

HandshakeGate::Pass HandshakeGate::enter(std::string server, TimePoint deadline) {
  struct Turn {
    std::mutex mutex{};
    std::condition_variable given{};
    std::unique_ptr<Pass> pass{};
  };
  const auto turn = std::make_shared<Turn>();
  const auto called = [turn](Pass pass) {
    const std::scoped_lock lock(turn->mutex);
    turn->pass = std::make_unique<Pass>(std::move(pass));
    turn->given.notify_one();
  };
  Ticket ticket = 0;
  TimePoint now = Clock::now();
  if (Pass pass = enter(std::move(server), now, called, ticket)) return pass;
  std::unique_lock lock(turn->mutex);
  while (!turn->pass && now < deadline) {
    turn->given.wait_until(lock, std::min<TimePoint>(deadline, now + look_for_places_every),
                           [&] { return turn->pass != nullptr; });
    if (turn->pass) break;
    lock.unlock();
    now = Clock::now();
    expire(now);
    lock.lock();
  }
  lock.unlock();
  forget(ticket);
  lock.lock();
  return turn->pass ? std::move(*turn->pass) : Pass();
}

void HandshakeGate::forget(Ticket ticket) noexcept {
  std::list<Waiting> dropped;  // what it held is freed without the lock
  const std::scoped_lock lock(mutex_);
  const auto entry = std::find_if(waiting_.begin(), waiting_.end(),
                                  [ticket](const Waiting& waiting) { return waiting.ticket == ticket; });
  if (entry != waiting_.end()) dropped.splice(dropped.end(), waiting_, entry);
}

void HandshakeGate::expire(TimePoint now) {
  Admitted admitted;
  {
    const std::scoped_lock lock(mutex_);
    take_back(now);
    admit(now, admitted);
  }
  call(admitted);
}

void HandshakeGate::heard(std::uint64_t place, TimePoint now) noexcept {
  const std::scoped_lock lock(mutex_);
  for (Place& one : inside_) {
    if (one.number == place) one.heard = now;
  }
}

void HandshakeGate::leave(std::uint64_t place) noexcept {
  Admitted admitted;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(inside_, [place](const Place& one) { return one.number == place; });
    if (waiting_.empty()) return;
    admit(Clock::now(), admitted);
  }
  call(admitted);
}

// Preconditions of these: the lock is held.
std::size_t HandshakeGate::places_of(const std::string& server) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      inside_.begin(), inside_.end(), [&server](const Place& one) { return one.server == server; }));
}

std::uint64_t HandshakeGate::take_place(std::string server, TimePoint now) noexcept {
  inside_.push_back({++last_place_, std::move(server), now});
  return last_place_;
}

// Only where it is of use to somebody: a server that is slow keeps its places while nobody waits.
void HandshakeGate::take_back(TimePoint now) noexcept {
  if (inside_.size() < limit_ && waiting_.empty()) return;
  std::erase_if(inside_, [this, now](const Place& one) { return now - one.heard >= patience_; });
}

void HandshakeGate::admit(TimePoint now, Admitted& into) noexcept {
  while (inside_.size() < limit_) {
    auto next = waiting_.end();
    std::size_t fewest = limit_of_server_;
    for (auto entry = waiting_.begin(); entry != waiting_.end() && fewest != 0; ++entry) {
      const std::size_t places = places_of(entry->server);
      if (places >= fewest) continue;
      fewest = places;
      next = entry;
    }
    if (next == waiting_.end()) return;
    next->place = take_place(std::move(next->server), now);
    into.splice(into.end(), waiting_, next);
  }
}

// Preconditions: the lock is not held.
void HandshakeGate::call(Admitted& admitted) noexcept {
  for (const Waiting& next : admitted) next.called(Pass(*this, next.place));
}

}  // namespace redstart::inline v0::net
