// SPDX-License-Identifier: Apache-2.0
// async_execute.hpp: a command as the call that its asynchronous operation carries.
#pragma once

#include <redstart/client/operation.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/commands/command.hpp>

namespace redstart::detail {

template <class R, class... A>
[[nodiscard]] Call<CommandReceiver<R>> call_for(const Command<R, A...>& command,
                                                const engine::CallOptions& options) {
  return {engine::OwnedRequest(command), options.timeout, command.info().session, {}};
}

template <class R>
[[nodiscard]] Call<CommandReceiver<R>> call_for(const OwnedCommand<R>& command,
                                                const engine::CallOptions& options) {
  const engine::Request once = command.request();
  Call<CommandReceiver<R>> call;
  call.request.bytes.append(command.bytes());
  call.request.retry = once.traits().retry;
  call.request.reply_of = once.traits().reply_of;
  call.request.blocks_for = once.traits().blocks_for;
  call.timeout = options.timeout;
  call.session = command.session();
  return call;
}

}  // namespace redstart::detail
