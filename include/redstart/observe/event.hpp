// SPDX-License-Identifier: Apache-2.0
// event.hpp: events of the library, for logs and counters.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// The kind of an event. The names are those of the structured log.
enum class EventKind : std::uint8_t {
  initialized,      ///< redis.initialized: a database became ready for the first time.
  connected,        ///< redis.connection.opened
  connect_failed,   ///< redis.connection.failed: the first, then one per 10 s that counts the others.
  disconnected,     ///< redis.connection.closed
  lease_overdue,    ///< redis.lease.overdue: a scoped handle was held longer than `lease_warning`; once.
  lease_leaked,     ///< redis.lease.leaked: scoped handles that were still held after shutdown.
  release_failed,   ///< redis.release_failed: a scoped handle ended after its connection had broken or been
                    ///< closed (lost, timeout); not during a shutdown.
  push_dropped,     ///< redis.push_dropped: unsolicited push messages, and how many.
  circuit_changed,  ///< redis.circuit.state_changed: `from -> to: why`.
  retrying,         ///< redis.retry: `command: attempt n in m ms: why`.
  handler_failed,   ///< redis.handler_failed: an exception left a handler on an I/O thread; the process ends.
  tls_insecure,     ///< redis.tls.insecure: certificates are not verified; once for each start.
  tls_reloaded,     ///< redis.tls.reloaded: changed files are used for new connections.
  tls_reload_failed,  ///< redis.tls.reload_failed: changed files are unusable; the previous ones stay in use.
  shutdown_begin,     ///< redis.shutdown.begin
  shutdown_complete,  ///< redis.shutdown.complete
  loading,         ///< redis.loading: the server is not ready yet (LOADING, BUSY, MASTERDOWN), and the end of
                   ///< that.
  server_changed,  ///< redis.server_changed: another server process answers than before.
  config_notice,   ///< redis.config.notice: what the loader of the configuration corrected.
};

[[nodiscard]] constexpr std::string_view to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::initialized: return "redis.initialized";
    case EventKind::connected: return "redis.connection.opened";
    case EventKind::connect_failed: return "redis.connection.failed";
    case EventKind::disconnected: return "redis.connection.closed";
    case EventKind::lease_overdue: return "redis.lease.overdue";
    case EventKind::lease_leaked: return "redis.lease.leaked";
    case EventKind::release_failed: return "redis.release_failed";
    case EventKind::push_dropped: return "redis.push_dropped";
    case EventKind::circuit_changed: return "redis.circuit.state_changed";
    case EventKind::retrying: return "redis.retry";
    case EventKind::handler_failed: return "redis.handler_failed";
    case EventKind::tls_insecure: return "redis.tls.insecure";
    case EventKind::tls_reloaded: return "redis.tls.reloaded";
    case EventKind::tls_reload_failed: return "redis.tls.reload_failed";
    case EventKind::shutdown_begin: return "redis.shutdown.begin";
    case EventKind::shutdown_complete: return "redis.shutdown.complete";
    case EventKind::loading: return "redis.loading";
    case EventKind::server_changed: return "redis.server_changed";
    case EventKind::config_notice: return "redis.config.notice";
  }
  return "unknown";
}

/// One event. The views are valid during the call only; no text contains a secret.
struct Event {
  EventKind kind = EventKind::connected;
  std::string_view database{};
  std::string_view endpoint{};
  std::string_view detail{};  ///< Error text, close reason, …; may be empty.
};

/// Receives events on the thread on which they occur, without a lock. Implementations must be thread-safe and
/// quick, and must not throw.
class EventListener {
 public:
  virtual ~EventListener() = default;
  virtual void on_event(const Event& event) noexcept = 0;

 protected:
  EventListener() = default;
  EventListener(const EventListener&) = default;
  EventListener& operator=(const EventListener&) = default;
};

}  // namespace redstart::inline v0
