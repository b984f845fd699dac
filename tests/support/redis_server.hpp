// SPDX-License-Identifier: Apache-2.0
// redis_server.hpp: a private redis-server on TCP and a Unix socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "free_port.hpp"

namespace redstart::test {

/// Product and version of a server program, as reported by --version.
struct ServerVersion {
  std::string product{};  ///< "Redis", "Valkey".
  unsigned major = 0;
  unsigned minor = 0;
  std::string text{};  ///< "7.0.15".

  /// Whether the version is at least this one of Redis, or this one of Valkey. For features added to both.
  [[nodiscard]] bool since(std::pair<unsigned, unsigned> redis, std::pair<unsigned, unsigned> valkey) const {
    return std::pair(major, minor) >= (product == "Valkey" ? valkey : redis);
  }
  /// Whether it is Valkey, or at least this version of Redis. For features that every Valkey has.
  [[nodiscard]] bool since(unsigned redis_major, unsigned redis_minor) const {
    return since({redis_major, redis_minor}, {0, 0});
  }
};

/// A private redis-server process without persistence, with its files in a new temporary directory.
///
/// The destructor kills it and removes the directory. It also dies with the thread that started it, so that a
/// crashed test leaves no server behind.
class RedisServer {
 public:
  /// Starts the server and returns when it answers. `arguments` follow the defaults on the command line and
  /// override them. `program` is the server to start; empty: that of `available()`.
  /// Errors: std::runtime_error with the log of the server if it doesn't answer within 10 s.
  explicit RedisServer(std::vector<std::string> arguments = {}, std::string program = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// Whether a server is installed: the one named by REDSTART_TEST_SERVER, otherwise redis-server of PATH.
  [[nodiscard]] static bool available();
  /// Product and version of the server of `available()`.
  [[nodiscard]] static const ServerVersion& available_version();

  [[nodiscard]] const ServerVersion& version() const noexcept { return *version_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
  [[nodiscard]] const std::string& socket_path() const noexcept { return socket_path_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  /// The process id; -1 while the server doesn't run.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }
  /// Returns the log of the server.
  [[nodiscard]] std::string log() const;

  /// Stops the server by SIGTERM, so that it closes its connections with FIN.
  void stop();
  /// Kills the server by SIGKILL.
  void kill();
  /// Starts the server again on the same port and socket; stops it first if it still runs. The port stayed
  /// reserved. The server is empty unless `arguments` load data. Returns when the data is loaded or, if a
  /// password hides that, when the server answers.
  void restart();
  /// Starts the server again after `stop` or `kill`, with further arguments for this run, without waiting.
  /// The server dies with the calling thread.
  void start(const std::vector<std::string>& more = {});

  /// Freezes the server by SIGSTOP: its kernel still accepts connections and bytes, but nothing answers.
  void pause();
  void resume();

 private:
  void launch(const std::vector<std::string>& more = {});
  void await_answer();
  void end(int signal);
  void signal_process(int signal) const;

  std::vector<std::string> arguments_;
  std::string program_;
  const ServerVersion* version_;
  std::string directory_;
  std::string socket_path_;
  FreePort port_{};
  pid_t pid_ = -1;
};

}  // namespace redstart::test
