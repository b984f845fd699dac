// SPDX-License-Identifier: Apache-2.0
// stopped_client.hpp: a busy client process that is stopped repeatedly.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace redstart::test {

/// The load of a client, and how often and how long to stop it.
struct StopPlan {
  std::uint16_t port = 0;  ///< Port of a healthy server on 127.0.0.1.
  std::size_t rounds = 3;
  std::chrono::milliseconds stop{4000};
  std::chrono::milliseconds between{300};
  std::chrono::milliseconds limit{2000};  ///< Timeout of each command, shorter than a stop.
  std::size_t chains = 64;                ///< Asynchronous callers, each with one command in flight.
  std::size_t threads = 16;               ///< Synchronous callers, half of them on shared connections.
};

/// Outcomes of its commands.
struct StopReport {
  std::uint64_t answered = 0;
  std::uint64_t not_sent = 0;       ///< Timed out before they were sent.
  std::uint64_t indeterminate = 0;  ///< Sent and timed out: a false timeout, as the server is healthy.
  std::uint64_t other = 0;          ///< Other errors.
  std::uint64_t changes = 0;        ///< State changes of the circuit breaker.
  std::string first_error{};        ///< The message of the first error other than `not_sent`.
};

/// Forks a child that saturates the server, and stops the child by SIGSTOP as planned.
/// Errors: std::runtime_error if the child fails. Preconditions: this process has one thread.
[[nodiscard]] StopReport stop_client(const StopPlan& plan);

}  // namespace redstart::test
