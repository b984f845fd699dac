// SPDX-License-Identifier: Apache-2.0
// async_scoped_client.hpp: one exclusive connection, used without waiting.
#pragma once

#include <redstart/client/async_client.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/clock.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

class AsyncScopedClient;
template <>
struct executor_traits<AsyncScopedClient> {
  template <class R>
  using reply = Operation<R, void(std::exception_ptr, R)>;
};

/// Holds one connection alone; it goes back to its pool when the handle is destroyed and the operations that
/// were started on it have completed. Commands that change the state of a connection (SELECT, WATCH, …) are
/// allowed; a connection so changed is closed, not reused. Between MULTI and EXEC typed calls complete with
/// `Errc::not_allowed`, because the server answers QUEUED instead of a value: see `Queued`.
///
/// Move-only. Thread safety: one thread at a time.
/// Lifetimes: outlives its manager safely; operations then complete with `Errc::closed`.
/// Cancellation: cancelling a command that was sent closes the connection; later operations then complete
/// with an error.
class AsyncScopedClient : public AllCommands<AsyncScopedClient>, public SessionCommands<AsyncScopedClient> {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// Holds nothing: only to be assigned to.
  AsyncScopedClient() noexcept = default;
  explicit AsyncScopedClient(engine::AsyncChannelPtr lease) noexcept : lease_(std::move(lease)) {}
  AsyncScopedClient(AsyncScopedClient&&) noexcept = default;
  AsyncScopedClient& operator=(AsyncScopedClient&&) noexcept = default;
  AsyncScopedClient(const AsyncScopedClient&) = delete;
  AsyncScopedClient& operator=(const AsyncScopedClient&) = delete;
  ~AsyncScopedClient() = default;

  /// True when it holds a connection. Everything else has this as its precondition.
  explicit operator bool() const noexcept { return lease_ != nullptr; }

  /// Sets the time limit of each operation made from now on.
  void set_timeout(TimeLimit timeout) noexcept { options_.timeout = timeout; }

  [[nodiscard]] std::string_view database() const noexcept { return lease_->origin().database; }
  [[nodiscard]] std::string_view endpoint() const noexcept { return lease_->origin().endpoint; }
  /// Where handlers run that have no executor of their own.
  [[nodiscard]] const executor_type& get_executor() const noexcept { return lease_->executor(); }

  /// Runs a command made by `cmd`.
  template <class R>
  Operation<R, void(std::exception_ptr, R)> exec(const OwnedCommand<R>& command) const {
    return Operation<R, void(std::exception_ptr, R)>(lease_, command.owned_request(), options_);
  }

  template <class R, class... A>
  Operation<R, void(std::exception_ptr, R)> submit(const Command<R, A...>& command) const {
    return Operation<R, void(std::exception_ptr, R)>(lease_, command, options_);
  }

 private:
  engine::AsyncChannelPtr lease_{};
  engine::CallOptions options_{};
};

}  // namespace redstart::inline v0
