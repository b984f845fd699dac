// SPDX-License-Identifier: Apache-2.0
// client.hpp: the standard handle: each call waits for its reply.
#pragma once

#include <redstart/client/execute.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/client/pipeline.hpp>
#include <redstart/client/results.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/clock.hpp>

#include <string_view>
#include <utility>

namespace redstart::inline v0 {

class Client;
template <>
struct executor_traits<Client> {
  template <class R>
  using reply = R;
};

/// Talks to one database; each call takes a connection from its pool and waits for the reply.
///
/// Made by `RedisConnectionManager::client` and its kin. A cheap value: copy it, keep it as a member, pass it
/// around.
///
/// Thread safety: full; any number of threads may call at once.
/// Lifetimes: outlives its manager safely; calls then fail with `Errc::closed`.
/// Errors: calls throw `Unavailable`, `Timeout`, `ServerError` or another `Error`; `results()` returns them
/// instead.
class Client : public AllCommands<Client> {
 public:
  explicit Client(engine::ChannelPtr channel) noexcept : channel_(std::move(channel)) {}

  /// The same handle with another time limit for each call: waiting for a connection, sending, the whole
  /// reply. Zero or less has expired: calls fail at once with `Errc::timeout`, and nothing is sent. Longer
  /// than a shared connection may be silent (`timeouts.command`, at most 5 s): each call has a connection of
  /// its own, so use such a handle for slow commands only.
  [[nodiscard]] Client with_timeout(TimeLimit timeout) const {
    Client copy(*this);
    copy.options_.timeout = timeout;
    return copy;
  }

  /// The same handle with another rule for what may be sent again. `RetryMode::at_least_once` is for calls
  /// that may run twice, `off` for none at all; the default is the database's `retry.mode`.
  /// It holds for calls that share a connection (above `direct_limit`), too.
  [[nodiscard]] Client with_retry(RetryMode mode) const {
    Client copy(*this);
    copy.options_.retry = mode;
    return copy;
  }

  /// The same commands, returning `Result<T>` instead of throwing.
  [[nodiscard]] Results results() const { return Results(channel_, options_); }

  /// Collects commands and sends them at once: see `Pipeline`.
  [[nodiscard]] Pipeline pipeline() const { return Pipeline(channel_, options_); }

  /// Calls `collect(pipe)`, sends what it collected, and returns the replies of the slots that it returned:
  /// one slot, a tuple or pair of slots, a vector of slots, or nothing. Sends nothing if `collect` throws.
  /// Errors: throws the first error of any command, whether its slot was returned or not; `pipeline()` is for
  /// batches that may succeed in part.
  template <class F>
  auto pipeline(F&& collect) const {
    return run_pipeline(pipeline(), std::forward<F>(collect));
  }

  /// Runs a command made by `cmd`, any number of times.
  template <class R>
  R exec(const OwnedCommand<R>& command) const {
    return detail::execute<R>(*channel_, command.request(), options_);
  }

  /// The name of the database, and where it is.
  [[nodiscard]] std::string_view database() const noexcept { return channel_->origin().database; }
  [[nodiscard]] std::string_view endpoint() const noexcept { return channel_->origin().endpoint; }

  template <class R, class... A>
  R submit(const Command<R, A...>& command) const {
    return detail::execute<R>(*channel_, engine::Request(command), options_);
  }

 private:
  engine::ChannelPtr channel_;
  engine::CallOptions options_{};
};

}  // namespace redstart::inline v0
