// SPDX-License-Identifier: Apache-2.0
// results.hpp: the handle for callers who prefer return values to exceptions.
#pragma once

#include <redstart/client/execute.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/result.hpp>

#include <utility>

namespace redstart::inline v0 {

class Results;
template <>
struct executor_traits<Results> {
  template <class R>
  using reply = Result<R>;
};

/// The commands of `Client` with `Result<T>` as their return type. Made by `Client::results()`.
///
/// Thread safety: full. Errors: returned; only std::bad_alloc and what a user's codec throws while encoding
/// pass as exceptions.
class Results : public AllCommands<Results> {
 public:
  Results(engine::ChannelPtr channel, engine::CallOptions options) noexcept
      : channel_(std::move(channel)), options_(options) {}

  /// The same handle with another rule for what may be sent again: see `Client::with_retry`.
  [[nodiscard]] Results with_retry(RetryMode mode) const {
    Results copy(*this);
    copy.options_.retry = mode;
    return copy;
  }

  /// Runs a command made by `cmd`, any number of times.
  template <class R>
  Result<R> exec(const OwnedCommand<R>& command) const {
    return detail::try_execute<R>(*channel_, command.request(), options_);
  }

  template <class R, class... A>
  Result<R> submit(const Command<R, A...>& command) const {
    return detail::try_execute<R>(*channel_, engine::Request(command), options_);
  }

 private:
  engine::ChannelPtr channel_;
  engine::CallOptions options_;
};

}  // namespace redstart::inline v0
