// SPDX-License-Identifier: Apache-2.0
// lease_ledger.cpp: records, releases and reports leases.
#include "lease_ledger.hpp"

#include <cstdint>

namespace redstart::inline v0::pool {

void LeaseLedger::began(Entry& entry, TimePoint now) {
  entry.since_ = now;
  const std::scoped_lock lock(mutex_);
  entries_.push_back(entry);
}

void LeaseLedger::taken_at(Entry& entry, CallSite where) {
  const std::scoped_lock lock(mutex_);
  entry.where_ = where;
}

bool LeaseLedger::ended(Entry& entry, TimePoint now, std::chrono::milliseconds limit, Lease& lease) {
  const std::scoped_lock lock(mutex_);
  entries_.erase(entries_.iterator_to(entry));
  lease = {now - entry.since_, entry.where_};
  return limit.count() != 0 && !entry.reported_ && lease.kept > limit;
}

std::vector<LeaseLedger::Lease> LeaseLedger::overdue(TimePoint now, std::chrono::milliseconds limit) {
  std::vector<Lease> found;
  if (limit.count() == 0) return found;
  const std::scoped_lock lock(mutex_);
  for (Entry& entry : entries_) {
    if (now - entry.since_ <= limit) break;  // all later entries are younger
    if (entry.reported_) continue;
    found.push_back({now - entry.since_, entry.where_});
    entry.reported_ = true;
  }
  return found;
}

std::vector<LeaseLedger::Lease> LeaseLedger::all(TimePoint now) const {
  std::vector<Lease> found;
  const std::scoped_lock lock(mutex_);
  for (const Entry& entry : entries_) found.push_back({now - entry.since_, entry.where_});
  return found;
}

void LeaseLedger::collect(PoolStats& into, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  if (!entries_.empty()) into.oldest_lease = now - entries_.front().since_;
}

std::string describe(const LeaseLedger::Lease& lease) {
  const std::int64_t tenths = lease.kept / std::chrono::milliseconds(100);
  return "held for " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s, acquired at " +
         to_string(lease.where);
}

}  // namespace redstart::inline v0::pool
