// SPDX-License-Identifier: Apache-2.0
// fault_script.hpp: faults of proxied connections, one statement each.
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

/// The direction of bytes through a proxy.
enum class Direction : std::uint8_t {
  to_client,  ///< Replies.
  to_server,  ///< Requests.
};

namespace detail {

class ProxyCore;
struct FiredCount;

// When a fault takes effect. Numbers count from the moment at which the fault was requested.
struct FaultTrigger {
  enum class Kind : std::uint8_t { now, bytes, request, reply };
  Kind kind = Kind::now;
  Direction direction = Direction::to_client;
  std::uint64_t number = 0;
  std::string command{};  // for requests and replies: only this command; empty: any
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

// The connections that a script applies to.
struct FaultTarget {
  enum class Kind : std::uint8_t { one, open, coming, all };
  Kind kind = Kind::one;
  std::size_t index = 0;
};

}  // namespace detail

/// The faults of one or more connections through a FaultProxy. A statement names the trigger first and then
/// the action: `proxy.next_connection().after_bytes(100, Direction::to_client).reset();`. An action without a
/// trigger takes effect at once, or, for a future connection, when it is accepted and before any byte passes.
///
/// Thread safety: only one thread at a time may use a script; different scripts may be used concurrently.
/// Lifetimes: a script may outlive its proxy and then does nothing.
class FaultScript {
 public:
  /// @name Triggers
  /// A trigger sets when the next action takes effect, once. Numbers start at 1 and count from the call, or
  /// from the beginning of a future connection. Counting requests and replies needs unencrypted RESP. Push
  /// messages are not counted.
  ///@{

  /// After exactly `count` bytes have been sent in this direction.
  [[nodiscard]] FaultScript after_bytes(std::uint64_t count, Direction direction) const;
  /// When the `number`th request has arrived from the client, before any of it is sent to the server.
  [[nodiscard]] FaultScript on_request(std::uint64_t number = 1) const;
  /// When the `number`th request with this name (case-insensitive) has arrived, before any of it is sent to
  /// the server.
  [[nodiscard]] FaultScript on_command(std::string_view name, std::uint64_t number = 1) const;
  /// When the `number`th reply has arrived from the server, before any of it is sent to the client.
  [[nodiscard]] FaultScript on_reply(std::uint64_t number = 1) const;
  /// When the reply to the `number`th request with this name has arrived, before any of it is sent to the
  /// client. The server has executed the command, and the client can't know.
  [[nodiscard]] FaultScript on_reply_to(std::string_view name, std::uint64_t number = 1) const;
  ///@}

  /// @name Ending the connection
  ///@{

  /// Closes both sides with RST. Both peers see ECONNRESET.
  FaultScript& reset();
  /// Closes both sides with FIN, like a process that exits. Both peers see the end of the stream.
  FaultScript& close();
  /// Sends FIN in this direction and nothing after it. The other direction stays open.
  FaultScript& half_close(Direction direction);
  ///@}

  /// @name Lasting faults
  /// They last until heal().
  ///@{

  /// Stops reading from the sender, so that its buffers and then those of its kernel fill up.
  FaultScript& stop_reading(Direction direction);
  /// Reads everything and forwards nothing. After heal() all of it is delivered late.
  FaultScript& stop_writing(Direction direction);
  /// Reads everything and discards it.
  FaultScript& discard(Direction direction);
  /// Makes the connection half-open: it looks connected, but nothing passes in either direction, not even its
  /// end. After heal() everything held is delivered, as after a repaired cable.
  FaultScript& silent();
  /// Forwards at most `bytes` at a time and waits `interval` in between. 1 <= bytes.
  template <class Interval = std::chrono::nanoseconds>
  FaultScript& slice(std::size_t bytes, Direction direction, Interval interval = {}) {
    return slice_at(bytes, direction, bounded<std::chrono::nanoseconds>(interval));
  }
  /// Delays each piece by a random time between the two, drawn from the seed of the proxy. Keeps the order.
  template <class Least, class Most>
  FaultScript& latency(Least least, Most most, Direction direction) {
    return latency_of(bounded<std::chrono::nanoseconds>(least), bounded<std::chrono::nanoseconds>(most),
                      direction);
  }
  /// Forwards at most this many bytes per second. 1 <= bytes_per_second.
  FaultScript& bandwidth(std::size_t bytes_per_second, Direction direction);
  /// Holds everything in this direction from here on until release() or heal(). After a trigger that names a
  /// message, the direction is that of the message.
  FaultScript& hold(Direction direction);
  /// Like hold(), but until the gate opens.
  FaultScript& hold_until(const Gate& gate, Direction direction);
  ///@}

  /// @name Faults of one message or byte
  ///@{

  /// Corrupts the next byte in this direction: flips the bits set in `mask`. mask != 0.
  FaultScript& corrupt(Direction direction, unsigned char mask = 0xFF);
  /// Discards this request or reply. Needs a trigger that names one.
  FaultScript& swallow();
  /// Forwards this request or reply twice. Needs a trigger that names one.
  FaultScript& duplicate();
  /// Forwards the next request or reply before this one. Needs a trigger that names one.
  FaultScript& swap_with_next();
  ///@}

  /// Ends every lasting fault of these connections and drops faults that have not taken effect.
  FaultScript& heal();
  /// Releases everything that hold() holds.
  FaultScript& release();

  /// How often the last action has taken effect.
  [[nodiscard]] std::uint64_t fired() const;
  /// Waits until the last action has taken effect `times` times.
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
