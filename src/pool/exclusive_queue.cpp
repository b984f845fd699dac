// SPDX-License-Identifier: Apache-2.0
// exclusive_queue.cpp: expiry of queued operations, and the gate of their openers.
#include "exclusive_queue.hpp"

#include <algorithm>

namespace redstart::inline v0::pool {

void ExclusiveQueue::push(QueuedOperation& operation) noexcept {
  line_.push_back(operation);
  operation.expires = patience_of(operation);
  due_.insert(operation);
  if (!operation.lease) bytes_ += operation.operation->request.bytes.size();
}

void ExclusiveQueue::remove(QueuedOperation& operation) noexcept {
  line_.erase(line_.iterator_to(operation));
  due_.erase(due_.iterator_to(operation));
  if (!operation.lease) bytes_ -= operation.operation->request.bytes.size();
  if (operation.starting) --starting_;
}

// A connect attempt has its own time limit.
void ExclusiveQueue::opener_began(QueuedOperation& operation) noexcept {
  ++openers_;
  ++starting_;
  operation.starting = true;
  expire_at(operation, operation.operation->deadline);
}

void ExclusiveQueue::opener_succeeded() noexcept {
  --openers_;
  gate_ = Gate::open;
}

QueuedOperation* ExclusiveQueue::opener_failed(TimePoint next) noexcept {
  --openers_;
  gate_ = Gate::closed;
  retry_at_ = next;
  return without_opener();
}

QueuedOperation* ExclusiveQueue::without_opener() noexcept {
  if (starting_ <= openers_) return nullptr;
  // The last of them, so that the first keep what is nearest to being open.
  QueuedOperation* last = nullptr;
  for (QueuedOperation& operation : line_) {
    if (operation.starting) last = &operation;
    if (!operation.starting && last != nullptr) break;
  }
  --starting_;
  last->starting = false;
  expire_at(*last, patience_of(*last));
  return last;
}

std::size_t ExclusiveQueue::allowance() const noexcept {
  switch (gate_) {
    case Gate::open: return Capacity::unlimited;
    case Gate::closed: return 0;
    case Gate::probing: return openers_ == 0 ? 1 : 0;
  }
  return 0;
}

QueuedOperation* ExclusiveQueue::expired(TimePoint now, bool lacks_room) noexcept {
  while (next_expiry() <= now) {
    QueuedOperation& operation = *due_.begin();
    const TimePoint deadline = operation.operation->deadline;
    if (deadline > now && !lacks_room) {
      expire_at(operation, std::min(deadline, now + acquire_));
      continue;
    }
    return &operation;
  }
  return nullptr;
}

void ExclusiveQueue::expire_at(QueuedOperation& operation, TimePoint time) noexcept {
  due_.erase(due_.iterator_to(operation));
  operation.expires = time;
  due_.insert(operation);
}

TimePoint ExclusiveQueue::patience_of(const QueuedOperation& operation) const noexcept {
  return std::min(operation.operation->deadline, deadline_after(operation.operation->start, acquire_));
}

}  // namespace redstart::inline v0::pool
