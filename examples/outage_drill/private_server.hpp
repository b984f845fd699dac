// SPDX-License-Identifier: Apache-2.0
// private_server.hpp: a redis-server of the drill's own, to be killed, frozen and started again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drill {

/// Listens on a free port of 127.0.0.1, which stays reserved while it is away. Its files are in a fresh
/// temporary folder. Acknowledged writes survive SIGKILL: each is in the append-only file before its reply is
/// sent.
///
/// Thread safety: one thread uses it. The server dies with that thread.
class PrivateServer {
 public:
  /// Errors: std::runtime_error with the server's log when it can't be started.
  PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;
  /// Kills it and removes its folder.
  ~PrivateServer();

  /// True when a redis-server is installed.
  [[nodiscard]] static bool installed();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Whether it answers PING with PONG. Asked past the proxy, on its Unix socket.
  [[nodiscard]] bool answers() const;
  /// Waits until it does. Throws if the server ends instead, and after 30 s.
  void await_answer() const;

  void kill();  ///< SIGKILL.
  /// Starts it again on the same port, and does not wait.
  void start(const std::vector<std::string>& more = {});
  void freeze();  ///< SIGSTOP: connections stay open, and nothing replies.
  void thaw();    ///< SIGCONT.

 private:
  void reserve_port();
  [[nodiscard]] bool has_ended() const;
  void end();
  void remove_folder() const;

  std::string folder_;
  int reserved_ = -1;  // a socket that is bound to the port and never listens
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace drill
