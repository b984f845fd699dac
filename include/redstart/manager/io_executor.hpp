// SPDX-License-Identifier: Apache-2.0
// io_executor.hpp: the service's executor on which the library runs.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>

namespace redstart::inline v0 {

/// The service's executor for `RedisConnectionManager::start`: an Asio executor, or a context that has one
/// (`io_context`, `thread_pool`). Any number of threads may run it.
///
/// Lifetimes: the context may be destroyed before or after the manager, but not while another thread uses
/// either.
class IoExecutor {
 public:
  template <class Executor>
  requires(!std::same_as<Executor, IoExecutor> &&
           std::convertible_to<const Executor&, boost::asio::any_io_executor>)
      IoExecutor(const Executor& executor)
      : executor_(executor) {}

  template <std::derived_from<boost::asio::execution_context> Context>
  requires requires(Context& context) {
    { context.get_executor() } -> std::convertible_to<boost::asio::any_io_executor>;
  }
  IoExecutor(Context& context) : executor_(context.get_executor()) {}

  [[nodiscard]] const boost::asio::any_io_executor& get() const noexcept { return executor_; }

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace redstart::inline v0
