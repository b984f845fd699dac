// SPDX-License-Identifier: Apache-2.0
// async_client.hpp: the asynchronous handle: each command is an operation.
#pragma once

#include <redstart/client/async_handle.hpp>
#include <redstart/client/async_pipeline.hpp>
#include <redstart/client/async_results.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/commands/all.hpp>

#include <exception>
#include <utility>

namespace redstart::inline v0 {

class AsyncClient;
template <>
struct executor_traits<AsyncClient> {
  template <class R>
  using reply = Operation<R, void(std::exception_ptr, R)>;
  using results = AsyncResults;
  using pipeline = AsyncPipeline;
  static constexpr bool throws = true;
};

/// Talks to one database without waiting: each command is an `Operation`, to be started with a completion
/// token or awaited.
///
///     async.get("key")([](std::exception_ptr error, std::optional<std::string> value) { … });
///     auto value = co_await async.get("key");
///
/// Many commands are under way at once over few connections; commands that one thread starts on one handle
/// reach the server in that order as long as the connection lasts. Made by
/// `RedisConnectionManager::async_client` and similar functions. A cheap value: copy it, keep it as a member.
///
/// Thread safety: full; any number of threads may use it at once.
/// Lifetimes: outlives its manager safely; operations then complete with `Errc::closed`.
/// Errors: operations complete with what `Client` throws. The call that makes one throws only
/// std::length_error for an argument above 512 MiB, std::bad_alloc, and what a user's codec throws.
class AsyncClient : public detail::AsyncHandle<AsyncClient>, public AllCommands<AsyncClient> {
 public:
  explicit AsyncClient(engine::AsyncChannelPtr channel, const engine::CallOptions& options = {}) noexcept
      : AsyncHandle(std::move(channel), options) {}
};

}  // namespace redstart::inline v0
