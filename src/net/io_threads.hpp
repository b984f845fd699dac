// SPDX-License-Identifier: Apache-2.0
// io_threads.hpp: I/O threads of the library, each with a loop.
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

/// Runs up to `count` threads with one `io_context` each. A thread starts when its loop is first used.
///
/// Lifetimes: the contexts live until this object and the threads have ended. Connections hold this object.
/// Thread safety: full.
class IoThreads final : public Loops {
 public:
  /// `on_failure` gets the text of an exception that left a handler; then the process is terminated.
  IoThreads(std::size_t count, std::function<void(std::string_view)> on_failure);
  ~IoThreads() override;

  /// Returns the calling thread's own loop on one of the threads, else the loops in rotation.
  Loop next() override;
  const boost::asio::any_io_executor& default_executor() const noexcept override;
  std::size_t width() const noexcept override;
  bool on_this_thread() const noexcept override;
  void flush() noexcept override;

  /// Makes sure that a thread runs the default executor. Errors: std::system_error if no thread can be
  /// started.
  void start();

  /// The fate of work that is left at the deadline of `stop`.
  enum class Remaining : bool {
    run,   ///< Threads continue on their own until no work is left.
    drop,  ///< Handlers that are queued at the deadline still run. Other work is destroyed without being run.
  };
  /// Lets the threads end when they have no work, and waits for that until `last`. Does not wait on one of
  /// them.
  void stop(TimePoint last, Remaining remaining) noexcept;

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state, std::size_t index);
  static void drop(const std::shared_ptr<State>& state, std::size_t index,
                   std::unique_lock<std::mutex>& lock) noexcept;

  const std::shared_ptr<State> state_;
  const std::uint32_t generation_ = fork_generation();
};

/// True if a thread of some `IoThreads` runs this executor.
[[nodiscard]] bool belongs_to_io_threads(const boost::asio::any_io_executor& executor);

/// Runs handlers whose own context is gone or belongs to the parent process. `flush` starts its thread, which
/// ends when no work is left. One per process; never destroyed.
[[nodiscard]] IoThreads& late_loop() noexcept;

}  // namespace redstart::inline v0::net
