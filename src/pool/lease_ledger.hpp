// SPDX-License-Identifier: Apache-2.0
// lease_ledger.hpp: tracks scoped handles and how long they have been held.
#pragma once

#include "../net/socket.hpp"

#include <redstart/core/call_site.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/observe/stats.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace redstart::inline v0::pool {

/// The scoped handles of one database that are out, in the order in which they were acquired.
///
/// Thread safety: full.
class LeaseLedger {
 public:
  /// The entry of one handle, which owns it.
  class Entry
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>> {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    friend class LeaseLedger;
    TimePoint since_{};
    CallSite where_{};
    bool reported_ = false;
  };
  /// A handle in reports.
  struct Lease {
    std::chrono::nanoseconds kept{0};
    CallSite where{};
  };

  LeaseLedger() = default;
  LeaseLedger(const LeaseLedger&) = delete;
  LeaseLedger& operator=(const LeaseLedger&) = delete;

  void began(Entry& entry, TimePoint now);
  void taken_at(Entry& entry, CallSite where);
  /// True if it was held longer than `limit` and was not reported yet; then sets `lease`.
  [[nodiscard]] bool ended(Entry& entry, TimePoint now, std::chrono::milliseconds limit, Lease& lease);

  /// Returns the handles that have been held longer than `limit` and were not reported before. 0: none.
  [[nodiscard]] std::vector<Lease> overdue(TimePoint now, std::chrono::milliseconds limit);
  /// Returns all handles that are out, the oldest first.
  [[nodiscard]] std::vector<Lease> all(TimePoint now) const;
  void collect(PoolStats& into, TimePoint now) const;

 private:
  mutable std::mutex mutex_{};
  boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> entries_{};
};

/// "held for 31.0 s, acquired at checkout.cpp:42".
[[nodiscard]] std::string describe(const LeaseLedger::Lease& lease);

}  // namespace redstart::inline v0::pool
