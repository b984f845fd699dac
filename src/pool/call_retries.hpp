// SPDX-License-Identifier: Apache-2.0
// call_retries.hpp: the attempts of one synchronous call, and the delays between them.
#pragma once

#include "../resilience/attempt_series.hpp"
#include "direct_pool.hpp"
#include "server.hpp"

#include <redstart/engine/channel.hpp>
#include <redstart/engine/request.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// Reports the outcome of an exchange to the breaker.
void record(Admission& admission, const net::Outcome& outcome);

/// The attempts of one call. Costs nothing until one fails. `AttemptSeries` decides on each.
///
/// Thread safety: none; lives on the caller's stack.
class CallRetries {
 public:
  using Delay = std::optional<std::chrono::milliseconds>;
  /// Whether the call is one command or several. Those of a batch are sent again only together.
  enum class Of : bool { command, batch };

  CallRetries(Server& server, DirectPool& pool, const engine::RequestTraits& request,
              const engine::CallOptions& options, TimePoint deadline, Of of = Of::command) noexcept
      : server_(server), pool_(pool), request_(request), mode_(options.retry), deadline_(deadline), of_(of) {}

  /// Called when no attempt could be made. If the call waits for a database that is away, sleeps a little,
  /// updates `now`, and returns true if another attempt is due.
  [[nodiscard]] bool wait_for_database(const ErrorInfo& why, TimePoint& now) const;

  /// The exchange failed or was refused. Returns the delay before another attempt, empty if there must be
  /// none. `reused`: the connection had carried commands before.
  [[nodiscard]] Delay next(const net::Outcome& outcome, bool reused);
  /// Sleeps for `delay` and renews `now`; false if the pool was stopped, or the time for an attempt is over.
  [[nodiscard]] bool sleep(std::chrono::milliseconds delay, TimePoint& now) const;

  /// When an attempt must have begun, so that a blocking command has its whole time.
  [[nodiscard]] TimePoint latest_start() const noexcept {
    return redstart::latest_start(deadline_, request_.blocks_for);
  }
  /// The number of the attempt under way. The first is 1.
  [[nodiscard]] unsigned made() const noexcept { return made_; }
  /// True if an earlier attempt may have been executed.
  [[nodiscard]] bool uncertain() const noexcept { return uncertain_; }
  /// Returns the error of a call that makes no further attempt.
  [[nodiscard]] Error failed(std::uint64_t commands, ErrorInfo info) const;

 private:
  [[nodiscard]] AttemptRules rules() const noexcept;

  Server& server_;
  DirectPool& pool_;
  const engine::RequestTraits& request_;
  const std::optional<RetryMode> mode_;
  const TimePoint deadline_;
  const Of of_;
  unsigned made_ = 1;
  bool uncertain_ = false;
};

}  // namespace redstart::inline v0::pool
