// SPDX-License-Identifier: Apache-2.0
// open_watcher.hpp: interface that is notified of the steps of a connect attempt.
#pragma once

#include "socket.hpp"

#include "../protocol/handshake_fsm.hpp"

#include <redstart/observe/connection_report.hpp>

namespace redstart::inline v0::net {

/// Is notified of the steps of one connect attempt, in order, on the thread that opens the connection.
class OpenWatcher {
 public:
  using Step = ConnectStep;

  virtual void reached(Step step) noexcept { static_cast<void>(step); }
  /// The server is loading; called after each poll. Return false to end the attempt with `Errc::loading`
  /// instead of waiting.
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
