// SPDX-License-Identifier: Apache-2.0
// scoped_client.hpp: one exclusive connection for as long as a scope lasts.
#pragma once

#include <redstart/client/execute.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/clock.hpp>

#include <string_view>
#include <utility>

namespace redstart::inline v0 {

class ScopedClient;
template <>
struct executor_traits<ScopedClient> {
  template <class R>
  using reply = R;
};

/// Holds one connection alone; it goes back to its pool at the end of the scope, also when an exception
/// passes. Commands that change the state of a connection (SELECT, WATCH, …) are allowed; a connection so
/// changed is closed, not reused. Between MULTI and EXEC typed calls fail with `Errc::not_allowed`, because
/// the server answers QUEUED instead of a value: see `Queued`.
///
/// Move-only. Thread safety: one thread at a time; a call during another one fails with
/// `Errc::invalid_argument` and sends nothing. The destructor never throws; a fault while releasing is an
/// event. Lifetimes: outlives its manager safely; calls then fail with `Errc::closed`.
class ScopedClient : public AllCommands<ScopedClient>, public SessionCommands<ScopedClient> {
 public:
  explicit ScopedClient(engine::ChannelPtr lease) noexcept : lease_(std::move(lease)) {}

  /// Sets the time limit of each call from now on.
  void set_timeout(TimeLimit timeout) noexcept { options_.timeout = timeout; }

  [[nodiscard]] std::string_view database() const noexcept { return lease_->origin().database; }
  [[nodiscard]] std::string_view endpoint() const noexcept { return lease_->origin().endpoint; }

  /// Runs a command made by `cmd`.
  template <class R>
  R exec(const OwnedCommand<R>& command) const {
    return detail::execute<R>(*lease_, command.request(), options_);
  }

  template <class R, class... A>
  R submit(const Command<R, A...>& command) const {
    return detail::execute<R>(*lease_, engine::Request(command), options_);
  }

 private:
  engine::ChannelPtr lease_;
  engine::CallOptions options_{};
};

}  // namespace redstart::inline v0
