// SPDX-License-Identifier: Apache-2.0
// results.hpp: the handles for callers who prefer return values to exceptions.
#pragma once

#include <redstart/client/pipeline.hpp>
#include <redstart/client/sync_handle.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/result.hpp>

#include <utility>

namespace redstart::inline v0 {

class Results;
template <>
struct executor_traits<Results> {
  template <class R>
  using reply = Result<R>;
  using results = Results;
  using pipeline = Pipeline;
  static constexpr bool throws = false;
};

/// The commands of `Client` with `Result<T>` as their return type. Made by `Client::results()`.
///
/// Thread safety: full. Errors: returned; only std::bad_alloc and what a user's codec throws while encoding
/// pass as exceptions.
class Results : public detail::SyncHandle<Results>, public AllCommands<Results> {
 public:
  explicit Results(engine::ChannelPtr channel, const engine::CallOptions& options = {}) noexcept
      : SyncHandle(std::move(channel), options) {}
};

}  // namespace redstart::inline v0
