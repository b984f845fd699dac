// SPDX-License-Identifier: Apache-2.0
// client.hpp: the standard handle: each call waits for its reply.
#pragma once

#include <redstart/client/pipeline.hpp>
#include <redstart/client/results.hpp>
#include <redstart/client/sync_handle.hpp>
#include <redstart/commands/all.hpp>

#include <utility>

namespace redstart::inline v0 {

class Client;
template <>
struct executor_traits<Client> {
  template <class R>
  using reply = R;
  using results = Results;
  using pipeline = Pipeline;
  static constexpr bool throws = true;
};

/// Talks to one database; each call takes a connection from its pool and waits for the reply.
///
/// Made by `RedisConnectionManager::client` and similar functions. A cheap value: copy it, keep it as a
/// member, pass it around.
///
/// Thread safety: full; any number of threads may call at once.
/// Lifetimes: outlives its manager safely; calls then fail with `Errc::closed`.
/// Errors: calls throw `Unavailable`, `Timeout`, `ServerError` or another `Error`; `results()` returns them
/// instead.
class Client : public detail::SyncHandle<Client>, public AllCommands<Client> {
 public:
  explicit Client(engine::ChannelPtr channel, const engine::CallOptions& options = {}) noexcept
      : SyncHandle(std::move(channel), options) {}
};

}  // namespace redstart::inline v0
