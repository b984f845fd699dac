// SPDX-License-Identifier: Apache-2.0
// async_results.hpp: the asynchronous handle for those who prefer values to exceptions.
#pragma once

#include <redstart/client/operation.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/result.hpp>

#include <utility>

namespace redstart::inline v0 {

class AsyncResults;
template <>
struct executor_traits<AsyncResults> {
  template <class R>
  using reply = Operation<R, void(Result<R>)>;
};

/// The commands of `AsyncClient`, completing with one `Result<T>`. Made by `AsyncClient::results()`.
///
/// Thread safety: full. Errors: in the result; only std::bad_alloc, std::length_error and what a user's codec
/// throws while encoding pass as exceptions of the command's call.
class AsyncResults : public AllCommands<AsyncResults> {
 public:
  AsyncResults(engine::AsyncChannelPtr channel, engine::CallOptions options) noexcept
      : channel_(std::move(channel)), options_(options) {}

  /// The same handle with another rule for what may be sent again: see `AsyncClient::with_retry`.
  [[nodiscard]] AsyncResults with_retry(RetryMode mode) const {
    AsyncResults copy(*this);
    copy.options_.retry = mode;
    return copy;
  }

  /// Runs a command made by `cmd`, any number of times.
  template <class R>
  Operation<R, void(Result<R>)> exec(const OwnedCommand<R>& command) const {
    return Operation<R, void(Result<R>)>(channel_, command.owned_request(), options_);
  }

  template <class R, class... A>
  Operation<R, void(Result<R>)> submit(const Command<R, A...>& command) const {
    return Operation<R, void(Result<R>)>(channel_, command, options_);
  }

 private:
  engine::AsyncChannelPtr channel_;
  engine::CallOptions options_;
};

}  // namespace redstart::inline v0
