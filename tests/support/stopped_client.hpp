// SPDX-License-Identifier: Apache-2.0
// stopped_client.hpp: a busy client in a process of its own, which is stopped again and again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace redstart::test {

/// What a client does while it is stopped, and for how long.
struct StopPlan {
  std::uint16_t port = 0;  ///< Of a server on 127.0.0.1 that is well.
  std::size_t rounds = 3;
  std::chrono::milliseconds stop{4000};
  std::chrono::milliseconds between{300};
  std::chrono::milliseconds limit{2000};  ///< Of each command, shorter than a stop.
  std::size_t chains = 64;                ///< Asynchronous callers, each with one command under way.
  std::size_t threads = 16;               ///< Synchronous callers, half of them over shared connections.
};

/// What became of its commands.
struct StopReport {
  std::uint64_t answered = 0;
  std::uint64_t not_sent = 0;       ///< Their time was over before they were sent.
  std::uint64_t indeterminate = 0;  ///< Sent, and given up: with a server that is well, each is a false one.
  std::uint64_t other = 0;          ///< Other errors.
  std::uint64_t changes = 0;        ///< Of a circuit breaker.
  std::string first_error{};        ///< The message of the first that is not `not_sent`.
};

/// Forks, saturates the server from the child, and stops the child by SIGSTOP as planned.
/// Errors: std::runtime_error when the child fails. Preconditions: this process has one thread.
[[nodiscard]] StopReport stop_client(const StopPlan& plan);

}  // namespace redstart::test
