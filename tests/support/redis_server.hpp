// SPDX-License-Identifier: Apache-2.0
// redis_server.hpp: a private redis-server for tests, on a free loopback port and a Unix socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "free_port.hpp"

namespace redstart::test {

/// Which server a program is, as its --version reports.
struct ServerVersion {
  std::string product{};  ///< "Redis", "Valkey".
  unsigned major = 0;
  unsigned minor = 0;
  std::string text{};  ///< "7.0.15".

  /// True from that version of Redis, or of Valkey, on: a feature has come with one version of each.
  [[nodiscard]] bool since(std::pair<unsigned, unsigned> redis, std::pair<unsigned, unsigned> valkey) const {
    return std::pair(major, minor) >= (product == "Valkey" ? valkey : redis);
  }
  /// The same where Valkey has had it from its beginning.
  [[nodiscard]] bool since(unsigned redis_major, unsigned redis_minor) const {
    return since({redis_major, redis_minor}, {0, 0});
  }
};

/// A redis-server process of its own: nothing persistent, its files in a fresh temporary directory.
/// The destructor kills it and removes the directory; it also dies with the thread that started it, so that
/// a crashed test leaves none behind.
class RedisServer {
 public:
  /// Starts the server and returns once it answers. `arguments` follow the defaults on the command line and
  /// so override them. Errors: std::runtime_error with the server's log when it does not answer within 10 s.
  /// `program`: the server to start; empty: the one of `available()`.
  explicit RedisServer(std::vector<std::string> arguments = {}, std::string program = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// True when there is a server: the one that REDSTART_TEST_SERVER names, else redis-server of PATH.
  [[nodiscard]] static bool available();
  /// What the server of `available()` is.
  [[nodiscard]] static const ServerVersion& available_version();

  [[nodiscard]] const ServerVersion& version() const noexcept { return *version_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
  [[nodiscard]] const std::string& socket_path() const noexcept { return socket_path_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  /// -1 while it does not run.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }
  /// What the server has logged so far.
  [[nodiscard]] std::string log() const;

  /// Ends it by SIGTERM; its connections are closed in order.
  void stop();
  /// Ends it by SIGKILL.
  void kill();
  /// Starts it again on the same port, which nobody else could take meanwhile, and socket, empty (unless
  /// `arguments` say otherwise); stops it first when it still runs. Returns once it has loaded its data; or,
  /// if a password keeps that from being seen, once it answers.
  void restart();
  /// Starts it again after `stop` or `kill`, with further arguments for this time, and does not wait. It dies
  /// with the thread that calls this.
  void start(const std::vector<std::string>& more = {});

  /// Lets it hang (SIGSTOP): the kernel still accepts connections and takes bytes, nothing answers.
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
