// SPDX-License-Identifier: Apache-2.0
// loop.hpp: executors of connections, and marks of threads that run them.
#pragma once

#include "cycles.hpp"
#include "socket.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>

namespace redstart::inline v0::net {

/// The executors of one connection: of an I/O thread of the library, or of a strand on the service's
/// executor.
struct Loop {
  /// Runs the connection's events, never two at once: an I/O thread's `io_context`, or the strand.
  boost::asio::any_io_executor executor;
  /// Is compared with the executors of handlers: equals `executor`, or is the executor below the strand.
  boost::asio::any_io_executor handler_executor;
  /// Selects the counters.
  std::size_t shard = 0;
};

/// Chooses the loop of each new connection: I/O threads in rotation, or a new strand each.
///
/// Thread safety: full.
class Loops {
 public:
  virtual ~Loops() = default;
  [[nodiscard]] virtual Loop next() = 0;
  /// Returns the executor for handlers without one of their own. Don't store it: it changes once its context
  /// is gone, and in a forked child.
  [[nodiscard]] virtual const boost::asio::any_io_executor& default_executor() const noexcept = 0;
  /// Makes sure that a thread runs what was posted to `handler_executor`, also after the I/O threads have
  /// ended. Call it after posting the completion of an operation that no connection has accepted.
  virtual void flush() noexcept {}
  /// The number of threads over which connections are spread; 1 for a service's executor.
  [[nodiscard]] virtual std::size_t width() const noexcept { return 1; }
  /// True if the calling thread runs events of these loops, so that it must not wait for them.
  [[nodiscard]] virtual bool on_this_thread() const noexcept = 0;

 protected:
  Loops() = default;
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;
};

/// True inside a turn of any connection and on the library's I/O threads. Such a thread must not wait for the
/// engine.
[[nodiscard]] bool on_loop_thread() noexcept;

/// Returns the time at lower cost than the clock. Inside a turn it is a reading of the clock that is at most
/// `turn_lag` old, also if users' code runs for long. Outside of turns the clock is read.
[[nodiscard]] TimePoint turn_now() noexcept;

/// How far `turn_now` may lag behind the clock. Deadlines computed from it must be that much later.
inline constexpr Clock::duration turn_lag = CycleMark::longest;

namespace detail {
struct LoopMark {
  std::uint32_t generation = 0;  // fork generation in which it was set; 0: not set
  TimePoint turn{};              // last reading of the clock in this turn; 0: outside of turns
  CycleMark read{};              // the cycle counter at that reading
};
}  // namespace detail

/// Marks the calling thread during its lifetime: as an I/O thread of the library, or as inside a turn that
/// started at `now`, which was read right after `read`. Marks nest. A forked child ignores earlier marks.
class LoopThreadMark {
 public:
  LoopThreadMark() noexcept : LoopThreadMark({}, TimePoint{}) {}
  LoopThreadMark(CycleMark read, TimePoint now) noexcept;
  LoopThreadMark(const LoopThreadMark&) = delete;
  LoopThreadMark& operator=(const LoopThreadMark&) = delete;
  ~LoopThreadMark();

 private:
  detail::LoopMark before_;
};

}  // namespace redstart::inline v0::net
