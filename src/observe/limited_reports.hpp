// SPDX-License-Identifier: Apache-2.0
// limited_reports.hpp: limits how often occurrences of one kind are reported.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

namespace redstart::inline v0 {

/// Decides which occurrences are reported: of each key the first one, then one per interval, which represents
/// all since the last report. Keys of one kind don't delay those of another, and alternating keys cause no
/// more reports than each of them alone.
///
/// Memory: one entry for each key, so there must be few of them.
///
/// Thread safety: none.
template <class Key>
class LimitedReports {
 public:
  explicit LimitedReports(std::chrono::seconds interval = std::chrono::seconds{10}) noexcept
      : interval_(interval) {}

  /// Adds `occurrences`. Returns the number of occurrences that a report now represents; 0: none is due.
  [[nodiscard]] std::uint64_t add(Key key, std::uint64_t occurrences, TimePoint now) {
    auto [at, first] = entries_.try_emplace(key);
    Entry& entry = at->second;
    entry.unreported += occurrences;
    if (!first && now < entry.due) return 0;
    entry.due = now + interval_;
    return std::exchange(entry.unreported, 0);
  }

 private:
  struct Entry {
    std::uint64_t unreported = 0;
    TimePoint due{};
  };

  std::chrono::seconds interval_;
  std::map<Key, Entry> entries_{};
};

}  // namespace redstart::inline v0
