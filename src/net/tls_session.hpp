// SPDX-License-Identifier: Apache-2.0
// tls_session.hpp: TLS on one connected socket.
#pragma once

#include "io_result.hpp"
#include "tls_context.hpp"

#include <sys/uio.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct ssl_st;

namespace redstart::inline v0::net {

struct OpenFailure;
struct TlsTrouble;

/// Encrypts and decrypts what goes over a socket. It reads and writes the socket itself, never raises
/// SIGPIPE, and does not own it.
///
/// Bytes count as sent once the whole record that holds them is in the kernel: of a record that is cut short
/// the peer learns nothing.
///
/// Thread safety: one thread at a time.
class TlsSession {
 public:
  /// Throws std::bad_alloc.
  TlsSession(std::shared_ptr<const TlsContext> context, int fd);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// Goes on with the handshake, until `established`: then the peer is who it should be, and may get bytes.
  /// EAGAIN: again, once the socket is as `wants_write` says; else it has failed, and `failure` says why.
  [[nodiscard]] IoResult handshake() noexcept;
  [[nodiscard]] bool established() const noexcept { return established_; }

  /// Takes what fits; EAGAIN when nothing does. What was not taken has to come again, unchanged, with more
  /// behind it or not.
  [[nodiscard]] IoResult send(std::span<const char> bytes) noexcept;
  [[nodiscard]] IoResult send(std::span<const iovec> pieces) noexcept;
  /// As much as has come: when it is less than `size`, the socket has no more either. EAGAIN: nothing.
  [[nodiscard]] IoResult receive(char* into, std::size_t size) noexcept { return receive(into, size, false); }
  /// The same; waits once for the socket as its receive timeout says. EAGAIN: what came was no data yet.
  [[nodiscard]] IoResult receive_waiting(char* into, std::size_t size) noexcept {
    return receive(into, size, true);
  }

  /// True when bytes have come that `receive` has not given, be it a part of a record. Right after a call
  /// that ended with EAGAIN this covers all that the socket had.
  [[nodiscard]] bool holds_bytes() const noexcept;
  /// Looks at the first byte that `receive` would give, and leaves it there. EAGAIN: the connection is open
  /// and has no data to read.
  [[nodiscard]] IoResult peek(char& first) noexcept { return peek(&first, 1); }
  /// Looks at up to `size` bytes in that way; never at more than one record.
  [[nodiscard]] IoResult peek(char* into, std::size_t size) noexcept;
  /// What the last EAGAIN waits for: room to write, else something to read.
  [[nodiscard]] bool wants_write() const noexcept { return wants_write_; }

  /// Why there is no session, once something failed.
  [[nodiscard]] OpenFailure failure() const;
  /// True when TLS itself failed, not the network; also when a server that has asked for our certificate
  /// ended the connection without a word.
  [[nodiscard]] bool at_fault() const noexcept;
  /// Tells the peer that nothing more comes, unless that would complete what was cut short. Call it before
  /// the socket is closed. In a forked child it does nothing.
  void close() noexcept;

 private:
  struct Free {
    void operator()(ssl_st* session) const noexcept;
  };
  friend struct TlsBio;

  [[nodiscard]] IoResult receive(char* into, std::size_t size, bool wait) noexcept;
  [[nodiscard]] IoResult ended(int returned) noexcept;

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<TlsTrouble> trouble_;
  std::unique_ptr<ssl_st, Free> session_{};  // uses the two above until it is freed
  int fd_;
  std::uint32_t generation_;  // of the process that made it
  int error_ = 0;             // errno of the socket's last failure
  bool end_of_stream_ = false;
  bool may_wait_ = false;  // the next read of the socket may block
  bool drained_ = false;   // the last one got all there was
  bool wants_write_ = false;
  bool unfinished_ = false;  // a record is cut short
  bool established_ = false;
  bool heard_ = false;  // data has come
  int mute_ = 0;        // errno of the failed attempt to send, after which no other is made
  bool dead_ = false;   // nothing works any more; `last_` says why
  IoResult last_{};
};

}  // namespace redstart::inline v0::net
