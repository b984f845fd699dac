// SPDX-License-Identifier: Apache-2.0
// socket.hpp: blocking stream socket, and the system calls of all sockets.
#pragma once

#include "io_result.hpp"
#include "tls_session.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/engine/request.hpp>

#include <sys/socket.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

struct iovec;

namespace redstart::inline v0::net {

using redstart::Clock;

/// An address to connect to.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// How long a peer may send or acknowledge nothing while a reply is due, unless `timeouts.silence` is set.
inline constexpr std::chrono::milliseconds silence_limit{5000};
[[nodiscard]] inline std::chrono::milliseconds silence_limit_of(const Timeouts& timeouts) noexcept {
  return timeouts.silence.value_or(std::min(timeouts.command, silence_limit));
}

/// Options of a new connection.
struct SocketOptions {
  Keepalive keepalive{};
  std::chrono::milliseconds user_timeout{5000};  ///< TCP_USER_TIMEOUT: limit for unacknowledged data.
};

/// Opens a non-blocking stream socket that exec closes, and registers it with `descriptors`. Returns the
/// descriptor or a negative errno value.
[[nodiscard]] int open_stream(const Address& address, const SocketOptions& options) noexcept;
void close_stream(int fd) noexcept;
/// `fast`: makes keepalive detect a dead peer within `silence_limit`, for a connection on which a command
/// waits in the server and nothing is sent. Otherwise restores the usual keepalive options.
void set_keepalive(int fd, const Keepalive& usual, bool fast) noexcept;
/// Starts to connect. Returns 0 if connected, EINPROGRESS if pending, or another errno value.
[[nodiscard]] int start_connect(int fd, const Address& address) noexcept;
/// Returns the result of a connect call, 0 or an errno value. Preconditions: the socket is writable.
[[nodiscard]] int connect_result(int fd) noexcept;
/// Sends what fits into the kernel's buffer; EAGAIN if nothing does.
[[nodiscard]] IoResult send_now(int fd, std::span<const char> bytes) noexcept;
/// Receives what is available; EAGAIN if nothing is.
[[nodiscard]] IoResult receive_now(int fd, char* into, std::size_t size) noexcept;
/// Copies what is available and leaves it unread; EAGAIN if nothing is.
[[nodiscard]] IoResult peek_now(int fd, char* into, std::size_t size) noexcept;
/// True if a read would not wait: bytes, the end of the stream or an error are available.
[[nodiscard]] bool readable_now(int fd) noexcept;

/// One blocking connection, plain or through TLS. Never raises SIGPIPE.
///
/// Thread safety: one thread at a time, except `interrupt`.
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  /// Connects, until `deadline` at the latest. Returns 0, ETIMEDOUT, or another errno value.
  [[nodiscard]] int connect(const Address& address, const SocketOptions& options,
                            TimePoint deadline) noexcept;
  /// Runs the TLS handshake until `deadline` at the latest; all later data goes through TLS. Returns 0,
  /// EAGAIN at the deadline, or another value, and then `tls()->failure()` is the failure.
  ///
  /// Preconditions: connected.
  [[nodiscard]] int secure(std::shared_ptr<const TlsContext> context, TlsName name, TimePoint deadline);
  /// Null on a plain connection.
  [[nodiscard]] const TlsSession* tls() const noexcept { return tls_.get(); }
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

  /// Sends and waits for at most the limit of `arm_send`. Through TLS it does not wait.
  [[nodiscard]] IoResult send(std::span<const char> bytes) noexcept;
  [[nodiscard]] IoResult send(std::span<const iovec> pieces) noexcept;
  /// Sends what fits into the kernel's buffer; EAGAIN if nothing does.
  [[nodiscard]] IoResult send_some(std::span<const char> bytes) noexcept;
  /// Receives and waits for at most the limit of `arm_receive`.
  [[nodiscard]] IoResult receive(char* into, std::size_t size) noexcept;
  /// Receives what is available; EAGAIN if nothing is.
  [[nodiscard]] IoResult receive_some(char* into, std::size_t size) noexcept;
  /// Waits until the socket is writable. Returns false at the deadline.
  [[nodiscard]] bool wait_writable(TimePoint deadline) const noexcept;
  /// Waits until the socket is readable or writable. Returns false at the deadline.
  [[nodiscard]] bool wait_readable_or_writable(TimePoint deadline) const noexcept;
  /// Waits until the socket is readable, which includes the end of the stream. Bytes that TLS holds don't
  /// count. Returns false at the deadline.
  [[nodiscard]] bool wait_readable(TimePoint deadline) const noexcept;

  void set_keepalive(const Keepalive& usual, bool fast) noexcept { net::set_keepalive(fd_, usual, fast); }
  void arm_send(std::chrono::nanoseconds limit) noexcept;
  void arm_receive(std::chrono::nanoseconds limit) noexcept;

  /// An upper limit of the bytes that can be read without waiting.
  [[nodiscard]] std::size_t arrived() const noexcept;

  /// Copies the first available byte and leaves it unread. EAGAIN: the connection is open and nothing has
  /// arrived.
  [[nodiscard]] IoResult peek(char& first) const noexcept { return peek(&first, 1); }
  [[nodiscard]] IoResult peek(char* into, std::size_t size) const noexcept;
  /// True if TLS holds received bytes that were not read, or part of a record.
  [[nodiscard]] bool holds_bytes() const noexcept { return tls_ && tls_->holds_bytes(); }

  /// Makes the current and all later calls of the owner fail soon. Callable from every thread.
  void interrupt() noexcept;
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_.load(std::memory_order_acquire); }

 private:
  int fd_ = -1;
  std::unique_ptr<TlsSession> tls_{};
  std::uint32_t generation_ = 0;  // fork generation of the process that opened it
  std::atomic<bool> interrupted_{false};
  std::mutex closing_{};  // prevents an interrupt of a descriptor that was closed and reused
};

}  // namespace redstart::inline v0::net
