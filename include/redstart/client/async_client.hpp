// SPDX-License-Identifier: Apache-2.0
// async_client.hpp: the asynchronous handle: each command is an operation.
#pragma once

#include <redstart/client/async_pipeline.hpp>
#include <redstart/client/async_results.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/clock.hpp>

#include <exception>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

class AsyncClient;
template <>
struct executor_traits<AsyncClient> {
  template <class R>
  using reply = Operation<R, void(std::exception_ptr, R)>;
};

/// Talks to one database without waiting: each command is an `Operation`, to be started with a completion
/// token or awaited.
///
///     async.get("key")([](std::exception_ptr error, std::optional<std::string> value) { … });
///     auto value = co_await async.get("key");
///
/// Many commands are under way at once over few connections; commands that one thread starts on one handle
/// reach the server in that order as long as the connection lasts. Made by
/// `RedisConnectionManager::async_client` and its kin. A cheap value: copy it, keep it as a member.
///
/// Thread safety: full; any number of threads may use it at once.
/// Lifetimes: outlives its manager safely; operations then complete with `Errc::closed`.
/// Errors: operations complete with what `Client` throws. The call that makes one throws only
/// std::length_error for an argument above 512 MiB, std::bad_alloc, and what a user's codec throws.
class AsyncClient : public AllCommands<AsyncClient> {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit AsyncClient(engine::AsyncChannelPtr channel) noexcept : channel_(std::move(channel)) {}

  /// The same handle with another time limit for each operation: waiting, sending, the whole reply. Zero
  /// or less has expired: operations fail at once with `Errc::timeout`, and nothing is sent. Longer than a
  /// shared connection may be silent (`timeouts.command`, at most 5 s): each operation has a connection of
  /// its own, so use such a handle for slow commands only.
  [[nodiscard]] AsyncClient with_timeout(TimeLimit timeout) const {
    AsyncClient copy(*this);
    copy.options_.timeout = timeout;
    return copy;
  }

  /// The same handle with another rule for what may be sent again; the default is the database's
  /// `retry.mode`.
  [[nodiscard]] AsyncClient with_retry(RetryMode mode) const {
    AsyncClient copy(*this);
    copy.options_.retry = mode;
    return copy;
  }

  /// The same commands, completing with `Result<T>`.
  [[nodiscard]] AsyncResults results() const { return AsyncResults(channel_, options_); }

  /// Collects commands and sends them at once: see `AsyncPipeline`.
  [[nodiscard]] AsyncPipeline pipeline() const { return AsyncPipeline(channel_, options_); }

  /// Calls `collect(pipe)` at once; the operation sends what it collected, and completes with the replies of
  /// the slots that it returned: one slot, a tuple or pair of slots, a vector of slots, or nothing. Errors:
  /// the first error of any command, whether its slot was returned or not. What `collect` throws passes, and
  /// nothing is sent.
  ///
  ///     auto [hits, name] = co_await async.pipeline([](auto& pipe) {
  ///       return std::tuple{pipe.incr("hits"), pipe.get("name")};
  ///     });
  template <class F>
  auto pipeline(F&& collect) const {
    return run_pipeline(pipeline(), std::forward<F>(collect));
  }

  /// Runs a command made by `cmd`, any number of times.
  template <class R>
  Operation<R, void(std::exception_ptr, R)> exec(const OwnedCommand<R>& command) const {
    return Operation<R, void(std::exception_ptr, R)>(channel_, command.owned_request(), options_);
  }

  /// The name of the database, and where it is.
  [[nodiscard]] std::string_view database() const noexcept { return channel_->origin().database; }
  [[nodiscard]] std::string_view endpoint() const noexcept { return channel_->origin().endpoint; }
  /// Where handlers run that have no executor of their own.
  [[nodiscard]] const executor_type& get_executor() const noexcept { return channel_->executor(); }

  template <class R, class... A>
  Operation<R, void(std::exception_ptr, R)> submit(const Command<R, A...>& command) const {
    return Operation<R, void(std::exception_ptr, R)>(channel_, command, options_);
  }

 private:
  engine::AsyncChannelPtr channel_;
  engine::CallOptions options_{};
};

}  // namespace redstart::inline v0
