// SPDX-License-Identifier: Apache-2.0
// last_errors.hpp: the most recent errors of calls, one entry per code.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/observe/stats.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::pool {

/// Keeps the newest failure of each code and counts the earlier ones. A frequent code does not hide the
/// others: in an outage the cause stays visible beside its consequences. If there are too many codes, the
/// least recent one is dropped.
///
/// Thread safety: none.
class LastErrors {
 public:
  static constexpr std::size_t most = 8;

  void add(WallTime now, Errc code, std::string_view message) {
    const auto same =
        std::find_if(errors_.begin(), errors_.end(), [code](const LastError& e) { return e.code == code; });
    if (same != errors_.end()) {
      same->time = now;
      same->message.assign(message);
      ++same->count;
      if (same != errors_.end() - 1) std::rotate(same, same + 1, errors_.end());
      return;
    }
    if (errors_.size() == most) errors_.erase(errors_.begin());
    errors_.push_back({now, code, std::string(message), 1, now});
  }

  /// Sorted by time; the most recent one is the last.
  [[nodiscard]] const std::vector<LastError>& list() const noexcept { return errors_; }

 private:
  std::vector<LastError> errors_{};
};

}  // namespace redstart::inline v0::pool
