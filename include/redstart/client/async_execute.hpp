// SPDX-License-Identifier: Apache-2.0
// async_execute.hpp: an owned command as the call that its asynchronous operation carries.
#pragma once

#include <redstart/client/operation.hpp>
#include <redstart/client/owned_command.hpp>

namespace redstart::inline v0::detail {

template <class R>
[[nodiscard]] Call<CommandReceiver<R>> call_for(const OwnedCommand<R>& command,
                                                const engine::CallOptions& options) {
  const engine::Request once = command.request();
  engine::OwnedRequest request;
  request.bytes.append(command.bytes());
  request.retry = once.traits().retry;
  request.reply_of = once.traits().reply_of;
  request.blocks_for = once.traits().blocks_for;
  request.session = once.traits().session;
  request.shows_queued = once.traits().shows_queued;
  request.lacks_arguments = once.traits().lacks_arguments;
  request.spread = once.traits().spread;
  request.keys = once.traits().keys;
  return {std::move(request), options};
}

}  // namespace redstart::inline v0::detail
