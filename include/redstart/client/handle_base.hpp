// SPDX-License-Identifier: Apache-2.0
// handle_base.hpp: what all handles have in common.
#pragma once

#include <redstart/client/owned_command.hpp>
#include <redstart/commands/command.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/engine/call_options.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace redstart::inline v0::detail {

/// A channel and the options of its calls: the part of every handle that does not depend on how it returns
/// replies. `Channel` is `engine::Channel` or `engine::AsyncChannel`.
///
/// `executor_traits<Self>` names the handle's pipeline (`pipeline`), the handle that returns errors as values
/// (`results`), and whether the handle itself throws errors (`throws`).
///
/// Lifetimes: whatever a handle returns shares its channel. A connection that a scoped handle holds goes back
/// to its pool when the last of them is gone.
template <class Self, class Channel>
class HandleBase {
  using Traits = executor_traits<Self>;

 public:
  /// Returns the same handle with another time limit for each call: waiting for a connection, sending, the
  /// whole reply. Zero or less has expired: calls fail at once with `Errc::timeout`, and nothing is sent.
  ///
  /// Cost: if the limit is longer than a shared connection may be silent (`timeouts.command`, at most 5 s),
  /// each call takes a connection of its own, so use such a handle for slow commands only.
  [[nodiscard]] Self with_timeout(TimeLimit timeout) const {
    Self changed(channel_, options_);
    changed.options_.timeout = timeout;
    return changed;
  }

  /// Returns the same handle with another rule for what may be sent again. `RetryMode::at_least_once` is for
  /// calls that may run twice, `off` for none at all; the default is the database's `retry.mode`. The
  /// connection of a scoped handle is never replaced, so its calls are not repeated.
  [[nodiscard]] Self with_retry(RetryMode mode) const {
    Self changed(channel_, options_);
    changed.options_.retry = mode;
    return changed;
  }

  /// Returns a handle with the same commands that returns errors as `Result<T>` instead of throwing them.
  [[nodiscard]] auto results() const { return typename Traits::results(channel_, options_); }

  /// Returns a pipeline, which collects commands and sends them in one exchange.
  [[nodiscard]] auto pipeline() const { return typename Traits::pipeline(channel_, options_); }

  /// Calls `collect(pipe)` at once, sends what it collected, and returns the replies of the slots that it
  /// returned: one slot, a tuple or pair of slots, a vector of slots, or nothing. Sends nothing if `collect`
  /// throws. An asynchronous handle returns an operation that sends and completes with the replies.
  ///
  ///     auto [hits, name] = client.pipeline([](auto& pipe) {
  ///       return std::tuple{pipe.incr("hits"), pipe.get("name")};
  ///     });
  ///
  /// Errors: the first error of any command, whether its slot was returned or not; `pipeline()` is for
  /// batches that may succeed in part. Exceptions of `collect` pass.
  template <class F>
  auto pipeline(F&& collect) const {
    if constexpr (Traits::throws) {
      return run_pipeline(pipeline(), std::forward<F>(collect));
    } else {
      return try_pipeline(pipeline(), std::forward<F>(collect));
    }
  }

  /// Runs a command made by `cmd`, any number of times.
  template <class R>
  reply_t<Self, R> exec(const OwnedCommand<R>& command) const {
    return static_cast<const Self&>(*this).submit_owned(command);
  }

  /// The name of the database.
  [[nodiscard]] std::string_view database() const noexcept { return channel_->origin().database; }
  /// The server where calls begin. Another server may reply: a replica, or the one that has the key's slot;
  /// errors name the server that replied.
  [[nodiscard]] std::string_view endpoint() const noexcept { return channel_->origin().endpoint; }

 protected:
  HandleBase(std::shared_ptr<Channel> channel, const engine::CallOptions& options) noexcept
      : channel_(std::move(channel)), options_(options) {}
  HandleBase(const HandleBase&) = default;
  HandleBase(HandleBase&&) noexcept = default;
  HandleBase& operator=(const HandleBase&) = default;
  HandleBase& operator=(HandleBase&&) noexcept = default;
  ~HandleBase() = default;

  std::shared_ptr<Channel> channel_;
  engine::CallOptions options_;
};

}  // namespace redstart::inline v0::detail
