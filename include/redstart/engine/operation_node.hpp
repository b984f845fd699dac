// SPDX-License-Identifier: Apache-2.0
// operation_node.hpp: an asynchronous operation as the engine sees it.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>
#include <redstart/engine/batch.hpp>
#include <redstart/engine/call_options.hpp>
#include <redstart/engine/owned_request.hpp>
#include <redstart/engine/replies.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0::engine {

class AsyncChannel;

/// How a cancellation may leave the operation, in Asio's terms.
enum class Cancellation : std::uint8_t {
  total,     ///< No effect at all: honoured only while the command has not been sent.
  terminal,  ///< Asio's `partial` and `terminal`: honoured always; a command that was sent may still run.
};

/// Where a started operation is: what takes its cancellation.
///
/// Thread safety: full.
class OperationPlace {
 public:
  /// Cancels the operation that was started with this id. Does nothing if that operation has ended.
  virtual void cancel(std::uint64_t id, Cancellation how) noexcept = 0;

 protected:
  OperationPlace() = default;
  OperationPlace(const OperationPlace&) = default;
  OperationPlace& operator=(const OperationPlace&) = default;
  ~OperationPlace() = default;
};

using OperationPlacePtr = std::shared_ptr<OperationPlace>;

/// One operation: encoded commands, and what receives their replies. A handle makes it and passes it to
/// `AsyncChannel::start`, which completes it exactly once by `finish`, or drops it by `destroy` if nothing is
/// left on which a handler could run. Neither the handle nor a cancellation ever touches it again.
///
/// Thread safety: none; owned by whoever holds it: the caller until `start`, then the engine.
class OperationNode {
 public:
  OperationNode(const OperationNode&) = delete;
  OperationNode& operator=(const OperationNode&) = delete;

  /// Takes the next reply: its complete frame, which may be an error of the server. The bytes live during the
  /// call. Called at most `request.replies` times, in order, on the channel's loop; `answered` counts this
  /// reply already. Calls no code of the user: a codec runs where the handler runs.
  virtual void accept(std::string_view frame, const Origin& origin) noexcept = 0;
  /// Called on a `revocable` operation before each sending, and before it ends with an error. False: the
  /// caller has given the operation up and reported that, so it must never be sent; `destroy` follows.
  [[nodiscard]] virtual bool claim() noexcept { return true; }
  /// Hands over what `AsyncChannelSource::lease` was asked for; `finish` without an error follows.
  virtual void grant(std::shared_ptr<AsyncChannel>&& /*lease*/) noexcept {}

  /// Completes: `error` when not all replies came. Frees the node first, then calls the handler, or posts it.
  ///
  /// `handler_executor` is the executor in a turn of whose loop this is called: a handler of an equal
  /// executor, or of none, is called at once. Null (any other place, also the call that started the
  /// operation): it is posted. Errors: what a handler throws that was called at once passes.
  virtual void finish(std::optional<Error> error, const boost::asio::any_io_executor* handler_executor) = 0;
  /// Frees the node without completing: its executor is being destroyed. It may have been executed where
  /// `sequence` is not 0, or it is `uncertain`.
  virtual void destroy() noexcept = 0;

  OwnedRequest request;
  CallOptions options{};
  /// The commands of a batch; null for one command. Their bytes are those of `request`.
  const BatchCommands* batch = nullptr;
  /// When the operation ends with an error: how many of its bytes may have reached the kernel.
  std::size_t reached = (std::numeric_limits<std::size_t>::max)();
  std::uint64_t id = 0;  ///< For `OperationPlace::cancel`; 0: can't be cancelled.
  /// Where the channel notes, inside `start` or `lease`, which place takes the operation. Null: not wanted.
  OperationPlacePtr* place = nullptr;
  bool revocable = false;  ///< Its caller may give it up until `claim` returns.

  /// Notes where a cancellation has to go. Before the operation is submitted there.
  template <class Place>
  void taken_by(Place& there) noexcept {
    if (place != nullptr) *std::exchange(place, nullptr) = there.shared_from_this();
  }

  // The members below belong to the connection that has the operation.
  TimePoint start{};
  TimePoint deadline{};
  OperationNode* next = nullptr;      // in a queue
  OperationNode* previous = nullptr;  // in a queue
  std::uint64_t sequence = 0;         // in flight: its place
  std::uint32_t answered = 0;         // replies accepted
  std::uint8_t attempts = 0;          // made before this one
  bool delayed = false;               // waits for its next attempt; `later` is its deadline then
  bool uncertain = false;             // an earlier attempt may have been executed
  bool internal = false;     // sent by the pool itself: it passes the circuit breaker and is not counted
  std::uint64_t ticket = 0;  // of the circuit breaker, while in flight
  TimePoint later{};         // while it is delayed
  boost::intrusive::list_member_hook<> due{};   // in the timing wheel
  boost::intrusive::set_member_hook<> known{};  // among those that can be cancelled

 protected:
  explicit OperationNode(OwnedRequest&& what) noexcept : request(std::move(what)) {}
  ~OperationNode() = default;
};

/// A number that no other operation of this process has.
[[nodiscard]] std::uint64_t next_operation_id() noexcept;

}  // namespace redstart::inline v0::engine
