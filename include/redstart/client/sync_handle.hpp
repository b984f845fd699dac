// SPDX-License-Identifier: Apache-2.0
// sync_handle.hpp: how synchronous handles run commands.
#pragma once

#include <redstart/client/execute.hpp>
#include <redstart/client/handle_base.hpp>
#include <redstart/engine/channel.hpp>

namespace redstart::inline v0::detail {

/// The part of a handle that waits for replies, and returns or throws errors.
template <class Self>
class SyncHandle : public HandleBase<Self, engine::Channel> {
 public:
  template <class R, class... A>
  reply_t<Self, R> submit(const Command<R, A...>& command) const {
    if constexpr (executor_traits<Self>::throws) {
      return execute<R>(*this->channel_, engine::Request(command), this->options_);
    } else {
      return try_execute<R>(*this->channel_, engine::Request(command), this->options_);
    }
  }
  template <class R>
  reply_t<Self, R> submit_owned(const OwnedCommand<R>& command) const {
    if constexpr (executor_traits<Self>::throws) {
      return execute<R>(*this->channel_, command.request(), this->options_);
    } else {
      return try_execute<R>(*this->channel_, command.request(), this->options_);
    }
  }

 protected:
  using HandleBase<Self, engine::Channel>::HandleBase;
};

}  // namespace redstart::inline v0::detail
