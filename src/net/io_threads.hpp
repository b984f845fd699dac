// SPDX-License-Identifier: Apache-2.0
// io_threads.hpp: threads of the library's own, each with a loop.
#pragma once

#include "descriptors.hpp"
#include "loop.hpp"
#include "socket.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

namespace redstart::inline v0::net {

/// Up to `count` threads with an `io_context` each; a thread is started when its loop is first given out.
///
/// Thread safety: full. Lifetimes: the contexts live as long as this object and the threads; connections
/// hold it.
class IoThreads final : public Loops {
 public:
  /// `on_failure` is told of an exception that left a handler; the process is terminated then.
  IoThreads(std::size_t count, std::function<void(std::string_view)> on_failure);
  ~IoThreads() override;

  /// On one of the threads: its own loop; else one after the other.
  Loop next() override;
  const boost::asio::any_io_executor& default_executor() const noexcept override;
  std::size_t width() const noexcept override;
  bool on_this_thread() const noexcept override;
  void flush() noexcept override;

  /// Makes sure that the executor is run. Errors: std::system_error where there is no thread to be had.
  void start();

  enum class Rest : bool {
    run,   ///< Threads that have not ended go on by themselves until they have nothing left to do.
    drop,  ///< What is left then is no business of ours: it is dropped.
  };
  /// Lets the threads end once they have nothing to do, and waits for that until `last`; on one of them it
  /// does not wait.
  void stop(TimePoint last, Rest rest) noexcept;

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared, std::size_t index);
  static void drop(const std::shared_ptr<Shared>& shared, std::size_t index,
                   std::unique_lock<std::mutex>& lock) noexcept;

  const std::shared_ptr<Shared> shared_;
  const std::uint32_t generation_ = fork_generation();
};

/// Runs handlers that have no other place left: their context is gone, or it is the parent's. Its thread
/// comes with `flush` and ends when there is nothing more to do. One for each process, never destroyed.
[[nodiscard]] IoThreads& late_loop() noexcept;

}  // namespace redstart::inline v0::net
