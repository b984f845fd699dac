// SPDX-License-Identifier: Apache-2.0
// fault_script.hpp: what a fault proxy does to connections, said in one line a fault.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/testing/gate.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::testing {

/// Which way bytes go through a proxy.
enum class Direction : std::uint8_t {
  to_client,  ///< Replies.
  to_server,  ///< Requests.
};

namespace detail {

class ProxyCore;
struct FiredCount;

// When a fault takes effect; every number counts from the moment at which the fault was asked for.
struct FaultTrigger {
  enum class Kind : std::uint8_t { now, bytes, request, reply };
  Kind kind = Kind::now;
  Direction direction = Direction::to_client;
  std::uint64_t number = 0;
  std::string command{};  // request, reply: only this one; empty: any
};

enum class FaultKind : std::uint8_t {
  reset,
  close,
  half_close,
  stop_reading,
  stop_writing,
  discard,
  silent,
  hold,
  slice,
  corrupt,
  latency,
  bandwidth,
  swallow,
  duplicate,
  swap,
};

struct FaultAction {
  FaultKind kind = FaultKind::reset;
  Direction direction = Direction::to_client;
  std::size_t size = 0;
  std::chrono::nanoseconds least{0};
  std::chrono::nanoseconds most{0};
  std::optional<Gate> gate{};
};

// The connections that a script is for.
struct FaultTarget {
  enum class Kind : std::uint8_t { one, open, coming, all };
  Kind kind = Kind::one;
  std::size_t index = 0;
};

}  // namespace detail

/// The faults of one connection through a FaultProxy, or of many. Each line reads as a sentence, "when"
/// first: `proxy.next_connection().after_bytes(100, Direction::to_client).reset();`. An action without a
/// "when" takes effect at once; on a connection to come that is when it is accepted, before a byte has
/// passed.
///
/// Thread safety: one thread at a time uses a script; any number of scripts may be used side by side.
/// Lifetimes: a script may outlive its proxy; it then does nothing.
class FaultScript {
 public:
  /// @name When
  /// Each says when the next action takes effect, once; numbers count from 1 and from the moment of the call,
  /// or from the beginning for connections to come. What counts requests and replies needs RESP in the clear;
  /// push messages are not counted.
  ///@{

  /// As soon as `count` bytes have gone to their receiver in this direction, and before the next.
  [[nodiscard]] FaultScript after_bytes(std::uint64_t count, Direction direction) const;
  /// When the `number`th request has come from the client, before the server gets any of it.
  [[nodiscard]] FaultScript on_request(std::uint64_t number = 1) const;
  /// When the `number`th request with this name, in any case, has come; before the server gets any of it.
  [[nodiscard]] FaultScript on_command(std::string_view name, std::uint64_t number = 1) const;
  /// When the `number`th reply has come from the server, before the client gets any of it.
  [[nodiscard]] FaultScript on_reply(std::uint64_t number = 1) const;
  /// When the reply to the `number`th request with this name has come, before the client gets any of it: the
  /// command was executed, and the client can't know.
  [[nodiscard]] FaultScript on_reply_to(std::string_view name, std::uint64_t number = 1) const;
  ///@}

  /// @name Ends of the connection
  ///@{

  /// Cuts both sides with RST. Both ends see ECONNRESET.
  FaultScript& reset();
  /// Closes both sides in order, as a process that ends: both see the end of the stream.
  FaultScript& close();
  /// Sends FIN in this direction and nothing after it; the other direction goes on.
  FaultScript& half_close(Direction direction);
  ///@}

  /// @name Standing faults
  /// They last until heal().
  ///@{

  /// Nothing is read from the sender any more; its buffers, and then its kernel's, fill up.
  FaultScript& stop_reading(Direction direction);
  /// Everything is read and kept, nothing is passed on. After heal() it all arrives, late.
  FaultScript& stop_writing(Direction direction);
  /// Everything is read and lost.
  FaultScript& discard(Direction direction);
  /// A half-open link: connected to all appearances, and nothing passes either way, not even the end of the
  /// connection. After heal() everything kept arrives, as behind a mended cable.
  FaultScript& silent();
  /// Passes at most `bytes` in one piece, and waits `interval` between two. 1 <= bytes.
  template <class Interval = std::chrono::nanoseconds>
  FaultScript& slice(std::size_t bytes, Direction direction, Interval interval = {}) {
    return slice_at(bytes, direction, bounded<std::chrono::nanoseconds>(interval));
  }
  /// Delays each piece by a time between the two, at random by the proxy's seed; the order stays.
  template <class Least, class Most>
  FaultScript& latency(Least least, Most most, Direction direction) {
    return latency_of(bounded<std::chrono::nanoseconds>(least), bounded<std::chrono::nanoseconds>(most),
                      direction);
  }
  /// Passes at most this many bytes a second. 1 <= bytes_per_second.
  FaultScript& bandwidth(std::size_t bytes_per_second, Direction direction);
  /// Holds everything in this direction back from here on, until release() or heal(). For on_request() and
  /// the like the direction is that of the message.
  FaultScript& hold(Direction direction);
  /// The same until the gate opens.
  FaultScript& hold_until(const Gate& gate, Direction direction);
  ///@}

  /// @name Faults of one message or byte
  ///@{

  /// Changes the next byte in this direction: every bit of `mask` is turned over. mask != 0.
  FaultScript& corrupt(Direction direction, unsigned char mask = 0xFF);
  /// Loses this request or reply. Only after a "when" that names one.
  FaultScript& swallow();
  /// Passes this request or reply twice. Only after a "when" that names one.
  FaultScript& duplicate();
  /// Passes the next request or reply first, then this. Only after a "when" that names one.
  FaultScript& swap_with_next();
  ///@}

  /// Ends every standing fault of these connections, and drops the faults that have not happened yet.
  FaultScript& heal();
  /// Lets go what hold() holds.
  FaultScript& release();

  /// How often the action asked for last has taken effect.
  [[nodiscard]] std::uint64_t fired() const;
  /// Waits until the action asked for last has taken effect `times` times.
  /// Errors: std::runtime_error after 30 s.
  void await_fired(std::uint64_t times = 1) const;

 private:
  friend class FaultProxy;
  FaultScript(std::shared_ptr<detail::ProxyCore> core, detail::FaultTarget target);

  FaultScript when(detail::FaultTrigger trigger) const;
  FaultScript& add(detail::FaultAction action);
  FaultScript& slice_at(std::size_t bytes, Direction direction, std::chrono::nanoseconds interval);
  FaultScript& latency_of(std::chrono::nanoseconds least, std::chrono::nanoseconds most, Direction direction);
  FaultScript& add_to_message(detail::FaultKind kind);

  std::shared_ptr<detail::ProxyCore> core_;
  detail::FaultTarget target_;
  detail::FaultTrigger trigger_{};
  std::shared_ptr<detail::FiredCount> fired_{};
};

}  // namespace redstart::inline v0::testing
