// SPDX-License-Identifier: Apache-2.0
// capacity.cpp: decides which waiter gets a grant or a returned connection.
#include "capacity.hpp"

namespace redstart::inline v0::pool {

bool Capacity::try_grant(ConnectionKind kind) noexcept {
  if (full()) return false;
  ++granted_[index(kind)];
  return true;
}

void Capacity::enqueue(Waiter& waiter, TimePoint now) noexcept {
  waiter.queued_at = now;
  waiter.place = ++places_;
  waiter.passed = 0;
  queues_[index(waiter)].push_back(waiter);
  ++waiting_;
}

void Capacity::requeue(Waiter& waiter) noexcept {
  Queue& queue = queues_[index(waiter)];
  auto after = queue.begin();
  while (after != queue.end() && after->place < waiter.place) ++after;
  queue.insert(after, waiter);
  ++waiting_;
}

void Capacity::dequeue(Waiter& waiter) noexcept {
  queues_[index(waiter)].erase(Queue::s_iterator_to(waiter));
  --waiting_;
}

Waiter* Capacity::find_first() const noexcept {
  Waiter* first = nullptr;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (queues_[i].empty() || allowed_[i] == 0) continue;
    Waiter& head = queues_[i].front();
    if (first == nullptr || head.place < first->place) first = &head;
  }
  return first;
}

Waiter* Capacity::first(ConnectionKind kind) const noexcept {
  Queue& queue = queues_[index(kind)];
  return kind == ConnectionKind::shared || queue.empty() ? nullptr : &queue.front();
}

void Capacity::grant(Waiter& waiter) noexcept {
  if (std::size_t& allowed = allowed_[index(waiter)]; allowed != unlimited) --allowed;
  dequeue(waiter);
  ++granted_[index(waiter.kind)];
  waiter.grant = Waiter::Grant::capacity;
}

// A count alone would close connections many times a second if calls are short. A time alone would close
// them at each call if calls are long.
bool Capacity::may_pass(const Waiter& waiter, TimePoint now) const noexcept {
  return waiter.takes == Waiter::Takes::connections &&
         (waiter.passed < maximum_ || now - waiter.queued_at < patience_);
}

Capacity::Decision Capacity::returned(ConnectionKind kind, TimePoint now, bool server_full) noexcept {
  if (surplus_ != 0) return {Use::close, nullptr};
  Waiter* const ahead = first();
  Waiter* const own = first(kind);
  if (ahead != nullptr && ahead != own && (own == nullptr || ahead->place < own->place) &&
      wants_room(server_full)) {
    if (own == nullptr || !may_pass(*ahead, now)) return {Use::close, nullptr};
    if (ahead->passed < maximum_) ++ahead->passed;
  }
  if (own == nullptr) return {};
  dequeue(*own);
  own->grant = Waiter::Grant::connection;
  return {Use::hand_over, own};
}

}  // namespace redstart::inline v0::pool
