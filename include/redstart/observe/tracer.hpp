// SPDX-License-Identifier: Apache-2.0
// tracer.hpp: receives the begin and end of each operation, for tracing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// An operation that begins, in terms of OpenTelemetry's conventions for Redis clients. The views are valid
/// during the call only. Contains no argument: neither keys nor values.
struct SpanStart {
  /// `db.operation.name`: `GET`, `PIPELINE` or `MULTI` for a batch, `_OTHER` for a command that the library
  /// does not know. Also the name of the span.
  std::string_view operation{};
  std::string_view database{};        ///< `db.namespace`: the name of the database, as in statistics.
  std::string_view server_address{};  ///< `server.address`: host, or the path of a Unix socket.
  std::string_view server_port{};     ///< `server.port`; empty for a Unix socket.
  std::size_t batch_size = 0;         ///< `db.operation.batch.size`; 0: no batch.
};

/// How an operation ended. All texts are constants of the library.
struct SpanEnd {
  /// `error.type`, as `CommandStats::error_type`; empty if the operation succeeded. For a batch: that of the
  /// first error reply, else of the failure.
  std::string_view error_type{};
  std::string_view status_code{};  ///< `db.response.status_code`: as `error_type`, if the server has replied.
};

/// Receives the begin and end of each operation of handles: a command, or a batch as a whole, with all of its
/// attempts. Handshakes, PINGs of the pool and leases are no operations. Set `RedisConfig::tracer` to use it;
/// without a tracer, operations cost nothing more.
///
/// `start` runs on the caller's thread, so the caller's current span can be the parent. `end` runs on the
/// thread on which the operation ends, which may be an I/O thread.
///
/// Thread safety: implementations are safe for concurrent use, are quick, and do not throw.
class Tracer {
 public:
  /// A pointer or a number, which the implementation gets back at the end.
  using Token = std::uintptr_t;

  virtual ~Tracer() = default;
  [[nodiscard]] virtual Token start(const SpanStart& span) noexcept = 0;
  /// Called exactly once for each `start`.
  virtual void end(Token token, const SpanEnd& end) noexcept = 0;

 protected:
  Tracer() = default;
  Tracer(const Tracer&) = default;
  Tracer& operator=(const Tracer&) = default;
};

}  // namespace redstart::inline v0
