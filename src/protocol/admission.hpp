// SPDX-License-Identifier: Apache-2.0
// admission.hpp: the policy that a link asks about its operations.
#pragma once

#include "../resilience/breaker_verdict.hpp"
#include "outcome.hpp"

#include <redstart/core/error.hpp>
#include <redstart/engine/operation_node.hpp>
#include <redstart/engine/origin.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0::protocol {

/// Decides for one link which operations may be sent and which are repeated, and composes their errors. The
/// pool implements it; a `LinkCore` asks it on its loop.
class Admission {
 public:
  using Node = engine::OperationNode;

  /// Returns a ticket of the circuit breaker that is valid for any number of operations. 0: `admit` decides
  /// for each operation.
  [[nodiscard]] virtual std::uint64_t common_ticket() const noexcept = 0;
  /// Sets the operation's ticket. Returns false if it must not be sent now.
  [[nodiscard]] virtual bool admit(Node& operation, TimePoint now) = 0;
  /// True if operations that are not admitted wait; else they fail with `Errc::circuit_open`.
  [[nodiscard]] virtual bool waits() const noexcept = 0;
  /// Reports the end of an attempt to the circuit breaker and takes the ticket. Not called for an operation
  /// that was answered with the ticket of `common_ticket`.
  virtual void end_ticket(Node& operation, BreakerVerdict verdict, TimePoint now, std::string_view why) = 0;

  /// The server answered with error `message`. Returns the delay before the retry and notes the retry in
  /// the operation, or returns nothing if the error is its answer. Takes the ticket if there is a retry, or
  /// if the error carries no information about the server's health.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> retry_refused(Node& operation,
                                                                               std::string_view message,
                                                                               TimePoint now) = 0;
  /// Like `retry_refused`, after the connection was lost. `reached`: some bytes of the operation had been
  /// sent, so that a retry is a further command for the server.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> retry_lost(Node& operation,
                                                                            const Outcome& outcome,
                                                                            bool reached) = 0;

  /// The server has answered `commands` commands, `errors` of them with an error reply. All took about
  /// `latency`. Called before the last of them is completed.
  virtual void answered(std::size_t commands, std::size_t errors, std::chrono::nanoseconds latency) = 0;
  /// Operations of one command ended without an error, all after about `duration`. A batch is one operation.
  virtual void succeeded(OperationId command, std::size_t operations,
                         std::chrono::nanoseconds duration) noexcept {
    static_cast<void>(command);
    static_cast<void>(operations);
    static_cast<void>(duration);
  }
  /// A command of the operation was answered with this error, which is its final reply.
  virtual void error_reply(const Node& operation, std::string_view message, TimePoint now) noexcept {
    static_cast<void>(operation);
    static_cast<void>(message);
    static_cast<void>(now);
  }
  /// A reply of `size` bytes, `large_reply_size` or more, was delivered to the operation, which has not
  /// ended.
  virtual void large_reply(const Node& operation, std::size_t size) noexcept {
    static_cast<void>(operation);
    static_cast<void>(size);
  }
  /// Smaller replies are not reported. They are received in one turn.
  static constexpr std::size_t large_reply_size = std::size_t{256} * 1024;
  /// The operation is about to be finished. Exclusive links only; on any thread.
  virtual void ending(const Node& operation) noexcept { static_cast<void>(operation); }
  /// Counts a failure and returns the complete error of an operation without a reply, also of a cancelled
  /// one (`Errc::cancelled`). `code`, `effect` and `text` of the outcome are set. On any thread.
  [[nodiscard]] virtual Error failed(const Node& operation, const Outcome& outcome) = 0;
  /// The origin of all replies of the link.
  [[nodiscard]] virtual const engine::Origin& origin() const noexcept = 0;

  /// True if the ticket is that of a probe: each end of a probe must be reported.
  [[nodiscard]] static constexpr bool is_probe(std::uint64_t ticket) noexcept {
    return ticket != 0 && (ticket & 1) == 0;
  }

 protected:
  Admission() = default;
  Admission(const Admission&) = default;
  Admission& operator=(const Admission&) = default;
  ~Admission() = default;
};

}  // namespace redstart::inline v0::protocol
