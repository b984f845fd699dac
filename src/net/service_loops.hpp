// SPDX-License-Identifier: Apache-2.0
// service_loops.hpp: loops on the executor of the service that embeds the library.
#pragma once

#include "descriptors.hpp"
#include "loop.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace redstart::inline v0::net {

/// A strand for each connection, on an executor of which any number of threads may take care, or none.
///
/// Thread safety: full; but nobody may use an executor while its context is being destroyed.
/// Lifetimes: may outlive the executor's context: no loop may be used then.
class ServiceLoops final : public Loops {
 public:
  /// `on_context_death` is called when the executor's context is being destroyed, once, if that comes first:
  /// all that uses the executor has to go, now. Preconditions: the executor's context lives.
  ServiceLoops(boost::asio::any_io_executor executor, std::function<void()> on_context_death);
  ~ServiceLoops() override;

  Loop next() override;
  const boost::asio::any_io_executor& default_executor() const noexcept override;
  bool on_this_thread() const noexcept override;
  void flush() noexcept override;

 private:
  class Watch;
  struct Watcher;

  [[nodiscard]] bool gone() const noexcept;

  const std::shared_ptr<Watcher> watcher_;
  const std::uint32_t generation_ = fork_generation();
  std::atomic<std::size_t> made_{0};
};

}  // namespace redstart::inline v0::net
