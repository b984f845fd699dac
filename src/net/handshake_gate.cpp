// SPDX-License-Identifier: Apache-2.0
// handshake_gate.cpp: grants permits for handshakes, in order and by server.
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

constexpr std::size_t permits_per_process = 32;
// How often a waiting thread withdraws permits from silent attempts.
constexpr auto expire_every = HandshakeGate::default_patience / 4;

}  // namespace

HandshakeGate& HandshakeGate::process() {
  struct OfProcess {
    std::uint32_t generation = fork_generation();
    HandshakeGate gate{permits_per_process};
    OfProcess* parents = nullptr;
  };
  // Never destroyed: handles may still connect while statics are destroyed. A forked child gets a gate of its
  // own, because the parent's attempts never return their permits in the child.
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
  granted_.reserve(limit);
}

HandshakeGate::Pass HandshakeGate::enter(std::string server, TimePoint now,
                                         std::function<void(Pass)> on_admitted, WaiterId& waiter) {
  Admitted others;
  std::uint64_t permit = 0;
  {
    const std::scoped_lock lock(mutex_);
    withdraw_expired(now);
    admit(now, others);  // those that came before
    if (granted_.size() < limit_ && permits_of(server) < limit_of_server_) {
      permit = grant(std::move(server), now);
    } else {
      waiter = ++last_waiter_;
      waiting_.push_back({waiter, std::move(server), std::move(on_admitted), 0});
    }
  }
  notify(others);
  return permit == 0 ? Pass() : Pass(*this, permit);
}

HandshakeGate::Pass HandshakeGate::enter(std::string server, TimePoint deadline) {
  struct Admission {
    std::mutex mutex{};
    std::condition_variable given{};
    std::unique_ptr<Pass> pass{};
  };
  const auto admission = std::make_shared<Admission>();
  const auto on_admitted = [admission](Pass pass) {
    const std::scoped_lock lock(admission->mutex);
    admission->pass = std::make_unique<Pass>(std::move(pass));
    admission->given.notify_one();
  };
  WaiterId waiter = 0;
  TimePoint now = Clock::now();
  if (Pass pass = enter(std::move(server), now, on_admitted, waiter)) return pass;
  std::unique_lock lock(admission->mutex);
  while (!admission->pass && now < deadline) {
    admission->given.wait_until(lock, std::min<TimePoint>(deadline, now + expire_every),
                                [&] { return admission->pass != nullptr; });
    if (admission->pass) break;
    lock.unlock();
    now = Clock::now();
    expire(now);
    lock.lock();
  }
  lock.unlock();
  cancel(waiter);
  lock.lock();
  return admission->pass ? std::move(*admission->pass) : Pass();
}

void HandshakeGate::cancel(WaiterId waiter) noexcept {
  std::list<Waiting> dropped;  // what the callback holds is freed without the lock
  const std::scoped_lock lock(mutex_);
  const auto entry = std::find_if(waiting_.begin(), waiting_.end(),
                                  [waiter](const Waiting& waiting) { return waiting.id == waiter; });
  if (entry != waiting_.end()) dropped.splice(dropped.end(), waiting_, entry);
}

void HandshakeGate::expire(TimePoint now) {
  Admitted admitted;
  {
    const std::scoped_lock lock(mutex_);
    withdraw_expired(now);
    admit(now, admitted);
  }
  notify(admitted);
}

void HandshakeGate::received(std::uint64_t permit, TimePoint now) noexcept {
  const std::scoped_lock lock(mutex_);
  for (Permit& one : granted_) {
    if (one.number == permit) one.last_received = now;
  }
}

void HandshakeGate::leave(std::uint64_t permit) noexcept {
  Admitted admitted;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(granted_, [permit](const Permit& one) { return one.number == permit; });
    if (waiting_.empty()) return;
    admit(Clock::now(), admitted);
  }
  notify(admitted);
}

// Preconditions of the next four functions: the lock is held.
std::size_t HandshakeGate::permits_of(const std::string& server) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      granted_.begin(), granted_.end(), [&server](const Permit& one) { return one.server == server; }));
}

std::uint64_t HandshakeGate::grant(std::string server, TimePoint now) noexcept {
  granted_.push_back({++last_permit_, std::move(server), now});
  return last_permit_;
}

// Attempts at a slow server keep their permits while no other attempt waits.
void HandshakeGate::withdraw_expired(TimePoint now) noexcept {
  if (granted_.size() < limit_ && waiting_.empty()) return;
  std::erase_if(granted_, [this, now](const Permit& one) { return now - one.last_received >= patience_; });
}

void HandshakeGate::admit(TimePoint now, Admitted& into) noexcept {
  while (granted_.size() < limit_) {
    auto next = waiting_.end();
    std::size_t fewest = limit_of_server_;
    for (auto entry = waiting_.begin(); entry != waiting_.end() && fewest != 0; ++entry) {
      const std::size_t permits = permits_of(entry->server);
      if (permits >= fewest) continue;
      fewest = permits;
      next = entry;
    }
    if (next == waiting_.end()) return;
    next->permit = grant(std::move(next->server), now);
    into.splice(into.end(), waiting_, next);
  }
}

// Preconditions: the lock is not held.
void HandshakeGate::notify(Admitted& admitted) noexcept {
  for (const Waiting& next : admitted) next.on_admitted(Pass(*this, next.permit));
}

}  // namespace redstart::inline v0::net
