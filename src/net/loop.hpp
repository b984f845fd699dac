// SPDX-License-Identifier: Apache-2.0
// loop.hpp: where a connection lives: the executor that runs its events one after the other.
#pragma once

#include "cycles.hpp"
#include "socket.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>

namespace redstart::inline v0::net {

/// One thread of the library's own, or a strand on the service's executor.
struct Loop {
  /// Runs the connection's events, never two at once: an own thread's `io_context`, or the strand.
  boost::asio::any_io_executor executor;
  /// What handlers' executors are compared with: the same, or the executor below the strand.
  boost::asio::any_io_executor handler_executor;
  /// Spreads the statistics.
  std::size_t shard = 0;
};

/// Gives each new connection its loop: own threads in turn, or a new strand each.
///
/// Thread safety: full.
class Loops {
 public:
  virtual ~Loops() = default;
  [[nodiscard]] virtual Loop next() = 0;
  /// Where handlers run that name no executor. Ask each time: once its context is gone, and in the child of a
  /// fork, it is another.
  [[nodiscard]] virtual const boost::asio::any_io_executor& default_executor() const noexcept = 0;
  /// Makes sure that somebody runs what was posted to `handler_executor`, also after the end of the threads.
  /// Call it after posting where no connection is concerned: what was refused.
  virtual void flush() noexcept {}
  /// How many threads there are to spread connections over; 1 for a service's executor.
  [[nodiscard]] virtual std::size_t width() const noexcept { return 1; }
  /// True when the calling thread runs events of these loops: it must not wait for them.
  [[nodiscard]] virtual bool on_this_thread() const noexcept = 0;

 protected:
  Loops() = default;
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;
};

/// True on a thread that is inside a turn of any connection, or is one of the library's own I/O threads: it
/// must not wait for the engine.
[[nodiscard]] bool on_engine_thread() noexcept;

/// The time, for those who ask often. In a turn that is the clock's reading of its beginning, or a later one:
/// it is at most `turn_lag` old, however long users' code holds the turn. Outside of a turn the clock is
/// read.
[[nodiscard]] TimePoint turn_now() noexcept;

/// What `turn_now` may be behind the clock. A deadline that is counted from it has to be that much later.
inline constexpr Clock::duration turn_lag = CycleMark::longest;

namespace detail {
struct EngineMark {
  std::uint32_t generation = 0;  // of the process that it was set in; 0: none is set
  TimePoint turn{};              // the last reading of the clock in this turn; none: outside of turns
  CycleMark read{};              // when that was
};
}  // namespace detail

/// Marks the calling thread for as long as it lives: as an own I/O thread, or as inside a turn that began at
/// `now`, which was read right after `read`. Marks nest. In the child of a fork those of before count for
/// nothing.
class EngineThreadMark {
 public:
  EngineThreadMark() noexcept : EngineThreadMark({}, TimePoint{}) {}
  EngineThreadMark(CycleMark read, TimePoint now) noexcept;
  EngineThreadMark(const EngineThreadMark&) = delete;
  EngineThreadMark& operator=(const EngineThreadMark&) = delete;
  ~EngineThreadMark();

 private:
  detail::EngineMark before_;
};

}  // namespace redstart::inline v0::net
