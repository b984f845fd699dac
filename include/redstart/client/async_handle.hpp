// SPDX-License-Identifier: Apache-2.0
// async_handle.hpp: how asynchronous handles make operations.
#pragma once

#include <redstart/client/handle_base.hpp>
#include <redstart/engine/async_channel.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace redstart::inline v0::detail {

/// The part of a handle that returns an operation for each command.
template <class Self>
class AsyncHandle : public HandleBase<Self, engine::AsyncChannel> {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// Where handlers run that have no executor of their own.
  [[nodiscard]] const executor_type& get_executor() const noexcept { return this->channel_->executor(); }

  template <class R, class... A>
  reply_t<Self, R> submit(const Command<R, A...>& command) const {
    return reply_t<Self, R>(this->channel_, command, this->options_);
  }
  template <class R>
  reply_t<Self, R> submit_owned(const OwnedCommand<R>& command) const {
    return reply_t<Self, R>(this->channel_, command.owned_request(), this->options_);
  }

 protected:
  using HandleBase<Self, engine::AsyncChannel>::HandleBase;
};

}  // namespace redstart::inline v0::detail
