// SPDX-License-Identifier: Apache-2.0
// tls_session.hpp: TLS session on one connected socket.
#pragma once

#include "io_result.hpp"
#include "tls_context.hpp"
#include "tls_name.hpp"

#include <redstart/core/failure.hpp>

#include <sys/uio.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct ssl_st;

namespace redstart::inline v0::net {

struct TlsTrouble;

/// Encrypts and decrypts the data of a socket. It reads and writes the socket itself and never raises
/// SIGPIPE.
///
/// Bytes count as sent once the kernel has accepted their whole record, because a peer can't decrypt part of
/// one.
///
/// Lifetimes: it does not own the socket, which must outlive it.
///
/// Thread safety: one thread at a time.
class TlsSession {
 public:
  /// `name`: what the server must prove, and the SNI. Preconditions: the name is verifiable if the context
  /// verifies.
  ///
  /// Errors: std::bad_alloc.
  TlsSession(std::shared_ptr<const TlsContext> context, TlsName name, int fd);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// Continues the handshake, until `established`: then the peer is verified. EAGAIN: call it again once the
  /// socket is ready (see `wants_write`). Any other error: the handshake has failed, with `failure()`.
  [[nodiscard]] IoResult handshake() noexcept;
  [[nodiscard]] bool established() const noexcept { return established_; }

  /// Sends what fits; EAGAIN if nothing does. The caller must pass the remaining bytes again, unchanged; more
  /// may follow them.
  [[nodiscard]] IoResult send(std::span<const char> bytes) noexcept;
  [[nodiscard]] IoResult send(std::span<const iovec> pieces) noexcept;
  /// Receives what has arrived. If it is less than `size`, the socket has no more either. EAGAIN: nothing has
  /// arrived.
  [[nodiscard]] IoResult receive(char* into, std::size_t size) noexcept { return receive(into, size, false); }
  /// Like `receive`, but waits once for the socket, up to its receive timeout. EAGAIN: no data has arrived.
  [[nodiscard]] IoResult receive_waiting(char* into, std::size_t size) noexcept {
    return receive(into, size, true);
  }

  /// True if the session holds received bytes that were not read, or part of a record. After a call that
  /// returned EAGAIN, this includes all bytes that the socket had.
  [[nodiscard]] bool holds_bytes() const noexcept;
  /// Copies the first byte that `receive` would return, and leaves it unread. EAGAIN: the connection is open
  /// and has no data to read.
  [[nodiscard]] IoResult peek(char& first) noexcept { return peek(&first, 1); }
  /// Copies up to `size` bytes of one record and leaves them unread.
  [[nodiscard]] IoResult peek(char* into, std::size_t size) noexcept;
  /// True if the last EAGAIN waits for a writable socket, else it waits for a readable one.
  [[nodiscard]] bool wants_write() const noexcept { return wants_write_; }

  /// The failure of the session. Preconditions: a call has failed.
  [[nodiscard]] Cause failure() const;
  /// True if TLS failed and not the network; also if a server that requested a client certificate closed the
  /// connection without an alert.
  [[nodiscard]] bool at_fault() const noexcept;
  /// Sends close_notify, unless that would complete a partial record. Call it before the socket is closed. In
  /// a forked child it does nothing.
  void close() noexcept;

 private:
  struct Free {
    void operator()(ssl_st* session) const noexcept;
  };
  friend struct TlsBio;

  [[nodiscard]] IoResult receive(char* into, std::size_t size, bool wait) noexcept;
  [[nodiscard]] IoResult ended(int returned) noexcept;

  std::shared_ptr<const TlsContext> context_;
  const TlsName name_;
  std::unique_ptr<TlsTrouble> trouble_;
  std::unique_ptr<ssl_st, Free> session_{};  // uses the two above until it is freed
  int fd_;
  std::uint32_t generation_;  // fork generation of the process that made it
  int error_ = 0;             // errno of the socket's last failure
  bool end_of_stream_ = false;
  bool may_wait_ = false;  // the next read may wait for the socket
  bool drained_ = false;   // the last read emptied the socket
  bool wants_write_ = false;
  bool unfinished_ = false;  // part of a record was sent
  bool established_ = false;
  bool received_data_ = false;  // data has arrived
  int send_error_ = 0;          // errno of the failed send; nothing is sent after it
  bool failed_ = false;         // failed for good, with `last_`
  IoResult last_{};
};

}  // namespace redstart::inline v0::net
