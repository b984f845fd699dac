// SPDX-License-Identifier: Apache-2.0
// async_scoped_client.hpp: one exclusive connection, used without waiting.
#pragma once

#include <redstart/client/async_client.hpp>
#include <redstart/client/async_handle.hpp>
#include <redstart/client/async_pipeline.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/result.hpp>

#include <exception>
#include <utility>

namespace redstart::inline v0 {

class AsyncScopedResults;
class AsyncScopedClient;
template <>
struct executor_traits<AsyncScopedClient> {
  template <class R>
  using reply = Operation<R, void(std::exception_ptr, R)>;
  using results = AsyncScopedResults;
  using pipeline = AsyncScopedPipeline;
  static constexpr bool throws = true;
};
template <>
struct executor_traits<AsyncScopedResults> {
  template <class R>
  using reply = Operation<R, void(Result<R>)>;
  using results = AsyncScopedResults;
  using pipeline = AsyncScopedPipeline;
  static constexpr bool throws = false;
};

/// The commands of `AsyncScopedClient`, completing with one `Result<T>`. Made by
/// `AsyncScopedClient::results()`; shares the connection.
///
/// Thread safety: as that of `AsyncScopedClient`.
class AsyncScopedResults : public detail::AsyncHandle<AsyncScopedResults>,
                           public AllCommands<AsyncScopedResults>,
                           public SessionCommands<AsyncScopedResults> {
 public:
  explicit AsyncScopedResults(engine::AsyncChannelPtr lease, const engine::CallOptions& options = {}) noexcept
      : AsyncHandle(std::move(lease), options) {}
};

/// Holds one connection alone; it goes back to its pool when the handle is destroyed and the operations that
/// were started on it have completed. Commands that change the state of a connection (SELECT, WATCH, …) are
/// allowed; a connection so changed is closed, not reused. Between MULTI and EXEC typed calls complete with
/// `Errc::not_allowed`, because the server answers QUEUED instead of a value: see `Queued`.
///
/// Move-only. Thread safety: one thread at a time.
/// Lifetimes: outlives its manager safely; operations then complete with `Errc::closed`. The results of
/// `with_timeout`, `with_retry`, `results()` and `pipeline()` return shares the connection, which goes back
/// when the last of them is gone. Cancellation: cancelling a command that was sent closes the connection;
/// later operations then complete with an error.
class AsyncScopedClient : public detail::AsyncHandle<AsyncScopedClient>,
                          public AllCommands<AsyncScopedClient>,
                          public SessionCommands<AsyncScopedClient> {
 public:
  /// Holds nothing: only to be assigned to.
  AsyncScopedClient() noexcept : AsyncHandle(nullptr, {}) {}
  explicit AsyncScopedClient(engine::AsyncChannelPtr lease, const engine::CallOptions& options = {}) noexcept
      : AsyncHandle(std::move(lease), options) {}
  AsyncScopedClient(AsyncScopedClient&&) noexcept = default;
  AsyncScopedClient& operator=(AsyncScopedClient&&) noexcept = default;
  AsyncScopedClient(const AsyncScopedClient&) = delete;
  AsyncScopedClient& operator=(const AsyncScopedClient&) = delete;
  ~AsyncScopedClient() = default;

  /// True when it holds a connection. Everything else has this as its precondition.
  explicit operator bool() const noexcept { return channel_ != nullptr; }

  /// Sets the time limit of each operation made from now on.
  void set_timeout(TimeLimit timeout) noexcept { options_.timeout = timeout; }
};

}  // namespace redstart::inline v0
