// SPDX-License-Identifier: Apache-2.0
// socket.hpp: a blocking stream socket: every call into the kernel that the sync side makes.
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

/// So long a peer may be silent, or acknowledge nothing, while it has something to answer.
inline constexpr std::chrono::milliseconds silence_limit{5000};
[[nodiscard]] inline std::chrono::milliseconds silence_limit_of(const Timeouts& timeouts) noexcept {
  return std::min(timeouts.command, silence_limit);
}

/// Options of a fresh connection.
struct SocketOptions {
  Keepalive keepalive{};
  std::chrono::milliseconds user_timeout{5000};  ///< TCP_USER_TIMEOUT: sent, but never acknowledged.
};

/// A stream socket that does not block, closed by exec and known to `descriptors`; or a negative errno value.
[[nodiscard]] int open_stream(const Address& address, const SocketOptions& options) noexcept;
void close_stream(int fd) noexcept;
/// For a connection on which a command waits in the server: a peer that is gone is found out within
/// `silence_limit`, although nothing is to be sent. `close` false: as it was.
void keep_watch(int fd, const Keepalive& usual, bool close) noexcept;
/// Begins to connect: 0 when that is done already, EINPROGRESS when it is under way, or another errno value.
[[nodiscard]] int start_connect(int fd, const Address& address) noexcept;
/// How an attempt went, once the socket is writable: 0 or an errno value.
[[nodiscard]] int connect_result(int fd) noexcept;
/// Sends what fits into the kernel's buffer now; EAGAIN when nothing does.
[[nodiscard]] IoResult send_now(int fd, std::span<const char> bytes) noexcept;
/// Receives what is there; EAGAIN when nothing is.
[[nodiscard]] IoResult receive_now(int fd, char* into, std::size_t size) noexcept;
/// Looks at what is there and leaves it so; EAGAIN when nothing is.
[[nodiscard]] IoResult peek_now(int fd, char* into, std::size_t size) noexcept;
/// True when a read would not wait: bytes are there, or the end of the stream, or an error.
[[nodiscard]] bool readable_now(int fd) noexcept;

/// One connection, plain or through TLS. Never raises SIGPIPE.
///
/// Thread safety: one thread at a time, but for `interrupt`.
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  /// Connects, at most until `deadline`. Returns 0, ETIMEDOUT, or another errno value.
  [[nodiscard]] int connect(const Address& address, const SocketOptions& options,
                            TimePoint deadline) noexcept;
  /// From now on everything goes through TLS, once its handshake has ended; at most until `deadline`. Returns
  /// 0, EAGAIN at the deadline, or another value, and then `tls()->failure()` says why. Preconditions:
  /// connected.
  [[nodiscard]] int secure(std::shared_ptr<const TlsContext> context, TimePoint deadline);
  /// Null on a plain connection.
  [[nodiscard]] const TlsSession* tls() const noexcept { return tls_.get(); }
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

  /// Sends, waiting at most as long as `arm_send` says; through TLS without waiting.
  [[nodiscard]] IoResult send(std::span<const char> bytes) noexcept;
  [[nodiscard]] IoResult send(std::span<const iovec> pieces) noexcept;
  /// Sends what fits into the kernel's buffer now; EAGAIN when nothing does.
  [[nodiscard]] IoResult send_some(std::span<const char> bytes) noexcept;
  /// Receives, waiting at most as long as `arm_receive` says.
  [[nodiscard]] IoResult receive(char* into, std::size_t size) noexcept;
  [[nodiscard]] IoResult receive_some(char* into, std::size_t size) noexcept;
  /// Waits until there is room to write. Returns false at the deadline.
  [[nodiscard]] bool wait_writable(TimePoint deadline) const noexcept;
  /// Waits until there is something to read or room to write. Returns false at the deadline.
  [[nodiscard]] bool wait_readable_or_writable(TimePoint deadline) const noexcept;
  /// Waits until there is something to read, also the end of the stream; what TLS holds already does not
  /// count. Returns false at the deadline.
  [[nodiscard]] bool wait_readable(TimePoint deadline) const noexcept;

  void keep_watch(const Keepalive& usual, bool close) noexcept { net::keep_watch(fd_, usual, close); }
  void arm_send(std::chrono::nanoseconds limit) noexcept;
  void arm_receive(std::chrono::nanoseconds limit) noexcept;

  /// How many bytes can be read without waiting, at most.
  [[nodiscard]] std::size_t arrived() const noexcept;

  /// Looks at the first byte that is there to read, and leaves it so. EAGAIN: an idle connection is still
  /// open, and nothing has come.
  [[nodiscard]] IoResult peek(char& first) const noexcept { return peek(&first, 1); }
  [[nodiscard]] IoResult peek(char* into, std::size_t size) const noexcept;
  /// True when TLS has received bytes that nobody was given, be it a part of a record.
  [[nodiscard]] bool holds_bytes() const noexcept { return tls_ && tls_->holds_bytes(); }

  /// Makes whatever the owner does with this socket end soon, with an error. Callable from every thread.
  void interrupt() noexcept;
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_.load(std::memory_order_acquire); }

 private:
  int fd_ = -1;
  std::unique_ptr<TlsSession> tls_{};
  std::uint32_t generation_ = 0;  // of the process that opened it
  std::atomic<bool> interrupted_{false};
  std::mutex closing_{};  // an interrupt must not meet a descriptor that was closed and given out again
};

/// The text of an errno value.
[[nodiscard]] std::string error_text(int error);

}  // namespace redstart::inline v0::net
