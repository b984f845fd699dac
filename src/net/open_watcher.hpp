// SPDX-License-Identifier: Apache-2.0
// open_watcher.hpp: who is told how far the opening of a connection has come.
#pragma once

#include "socket.hpp"

#include "../protocol/handshake_fsm.hpp"

#include <cstdint>

namespace redstart::inline v0::net {

/// Told on the thread that opens the connection, in this order.
class OpenWatcher {
 public:
  enum class Step : std::uint8_t {
    resolved,   ///< The name has addresses.
    connected,  ///< One of them has taken the connection.
    secured,    ///< The TLS session stands.
  };

  virtual void reached(Step step) noexcept { static_cast<void>(step); }
  /// The server is not ready; told after each poll. False: it is not to be waited for, the attempt ends with
  /// `Errc::loading`.
  virtual bool not_ready(const protocol::NotReady& state) = 0;
  /// The connection is ready.
  virtual void ready(const protocol::HandshakeFsm& handshake) = 0;

 protected:
  OpenWatcher() = default;
  OpenWatcher(const OpenWatcher&) = default;
  OpenWatcher& operator=(const OpenWatcher&) = default;
  ~OpenWatcher() = default;
};

}  // namespace redstart::inline v0::net
