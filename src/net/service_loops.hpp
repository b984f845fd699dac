// SPDX-License-Identifier: Apache-2.0
// service_loops.hpp: strands on the executor of the embedding service.
#pragma once

#include "descriptors.hpp"
#include "loop.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace redstart::inline v0::net {

/// Makes a strand for each connection on the service's executor, which any number of threads may run.
///
/// Lifetimes: may outlive the executor's context. No loop may be used then.
/// Thread safety: full, except that the executor must not be used while its context is being destroyed.
class ServiceLoops final : public Loops {
 public:
  /// `on_context_death` is called once if the executor's context is destroyed before this object. It must
  /// release everything that uses the executor. Preconditions: the executor's context is alive.
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
