// SPDX-License-Identifier: Apache-2.0
// async_results.hpp: the asynchronous handle for callers who prefer values to exceptions.
#pragma once

#include <redstart/client/async_handle.hpp>
#include <redstart/client/async_pipeline.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/result.hpp>

#include <utility>

namespace redstart::inline v0 {

class AsyncResults;
template <>
struct executor_traits<AsyncResults> {
  template <class R>
  using reply = Operation<R, void(Result<R>)>;
  using results = AsyncResults;
  using pipeline = AsyncPipeline;
  static constexpr bool throws = false;
};

/// The commands of `AsyncClient`, completing with one `Result<T>`. Made by `AsyncClient::results()`.
///
/// Thread safety: full. Errors: in the result; only std::bad_alloc, std::length_error and what a user's codec
/// throws while encoding pass as exceptions of the command's call.
class AsyncResults : public detail::AsyncHandle<AsyncResults>, public AllCommands<AsyncResults> {
 public:
  explicit AsyncResults(engine::AsyncChannelPtr channel, const engine::CallOptions& options = {}) noexcept
      : AsyncHandle(std::move(channel), options) {}
};

}  // namespace redstart::inline v0
