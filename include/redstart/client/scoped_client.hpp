// SPDX-License-Identifier: Apache-2.0
// scoped_client.hpp: one exclusive connection for as long as a scope lasts.
#pragma once

#include <redstart/client/pipeline.hpp>
#include <redstart/client/sync_handle.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/result.hpp>

#include <utility>

namespace redstart::inline v0 {

class ScopedResults;
class ScopedClient;
template <>
struct executor_traits<ScopedClient> {
  template <class R>
  using reply = R;
  using results = ScopedResults;
  using pipeline = ScopedPipeline;
  static constexpr bool throws = true;
};
template <>
struct executor_traits<ScopedResults> {
  template <class R>
  using reply = Result<R>;
  using results = ScopedResults;
  using pipeline = ScopedPipeline;
  static constexpr bool throws = false;
};

/// The commands of `ScopedClient` with `Result<T>` as their return type. Made by `ScopedClient::results()`;
/// shares the connection.
///
/// Thread safety: as that of `ScopedClient`.
class ScopedResults : public detail::SyncHandle<ScopedResults>,
                      public AllCommands<ScopedResults>,
                      public SessionCommands<ScopedResults> {
 public:
  explicit ScopedResults(engine::ChannelPtr lease, const engine::CallOptions& options = {}) noexcept
      : SyncHandle(std::move(lease), options) {}
};

/// Holds one connection alone; it goes back to its pool at the end of the scope, also when an exception
/// passes. Commands that change the state of a connection (SELECT, WATCH, …) are allowed; a connection so
/// changed is closed, not reused. Between MULTI and EXEC typed calls fail with `Errc::not_allowed`, because
/// the server answers QUEUED instead of a value: see `Queued`.
///
/// Move-only. Thread safety: one thread at a time; a call during another one fails with
/// `Errc::invalid_argument` and sends nothing. The destructor never throws; a fault while releasing is an
/// event.
/// Lifetimes: outlives its manager safely; calls then fail with `Errc::closed`. The results of
/// `with_timeout`, `with_retry`, `results()` and `pipeline()` return shares the connection, which goes back
/// when the last of them is gone.
class ScopedClient : public detail::SyncHandle<ScopedClient>,
                     public AllCommands<ScopedClient>,
                     public SessionCommands<ScopedClient> {
 public:
  explicit ScopedClient(engine::ChannelPtr lease, const engine::CallOptions& options = {}) noexcept
      : SyncHandle(std::move(lease), options) {}
  ScopedClient(ScopedClient&&) noexcept = default;
  ScopedClient& operator=(ScopedClient&&) noexcept = default;
  ScopedClient(const ScopedClient&) = delete;
  ScopedClient& operator=(const ScopedClient&) = delete;
  ~ScopedClient() = default;

  /// Sets the time limit of each call from now on.
  void set_timeout(TimeLimit timeout) noexcept { options_.timeout = timeout; }
};

}  // namespace redstart::inline v0
