// SPDX-License-Identifier: Apache-2.0
// fake_server.hpp: a server on loopback that says what a test's script says, true or not.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace redstart::test {

/// Something that happens once: opened by one side, awaited by the other. Waiting longer than 30 s throws.
class Gate {
 public:
  void open();
  [[nodiscard]] bool is_open() const;
  /// Returns early when a stop is requested.
  void wait(const std::stop_token& stop = {}) const;

 private:
  mutable std::mutex mutex_{};
  mutable std::condition_variable_any opened_{};
  bool open_ = false;
};

/// The server's side of one connection, used by the script on its own thread. Every wait has a watchdog of 30
/// s, which throws std::runtime_error; so does the end of the connection inside of a command.
class FakeConnection {
 public:
  FakeConnection(int fd, std::stop_token stop) noexcept : fd_(fd), stop_(std::move(stop)) {}
  FakeConnection(const FakeConnection&) = delete;
  FakeConnection& operator=(const FakeConnection&) = delete;
  ~FakeConnection() { close(); }

  using Words = std::vector<std::string>;

  /// The next command of the client; empty once the client has closed.
  Words command();
  /// Reads until the client has closed (or reset) the connection; returns how many bytes came before.
  std::size_t await_close();
  void send(std::string_view bytes);
  /// Waits for a gate, or until the server is destroyed.
  void wait(const Gate& gate) const { gate.wait(stop_); }

  /// Answers HELLO, AUTH, CLIENT, SELECT and PING as Redis 7 does, until the first other command, which it
  /// returns.
  Words handshake();
  /// The same, and answers what else comes with `answer(words)`, until the client closes.
  void serve(const std::function<std::string(const Words&)>& answer);

  void close() noexcept;
  /// Closes with RST.
  void reset() noexcept;
  /// Sends FIN, goes on reading.
  void half_close() noexcept;

 private:
  bool fill();
  bool wait_for(short events) const;

  int fd_;
  std::stop_token stop_;
  std::string buffer_{};
};

/// Accepts connections and runs the script on each, on a thread of its own. The destructor ends them all; a
/// script that threw, or hung, fails the test.
class FakeServer {
 public:
  /// `index` counts connections from 0.
  using Script = std::function<void(FakeConnection&, std::size_t index)>;

  explicit FakeServer(Script script);
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t accepted() const noexcept { return accepted_.load(); }
  /// Scripts that have ended.
  [[nodiscard]] std::size_t ended() const noexcept { return ended_.load(); }

 private:
  void accept_all(const std::stop_token& stop);
  void run(int fd, std::size_t index, const std::stop_token& stop);

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::size_t> ended_{0};
  std::mutex mutex_{};
  std::vector<std::string> failures_{};
  std::vector<std::jthread> scripts_{};
  std::jthread acceptor_{};
};

/// A command as it goes over the wire.
[[nodiscard]] std::string resp_command(const FakeConnection::Words& words);
/// `$<n>\r\n<text>\r\n`
[[nodiscard]] std::string resp_bulk(std::string_view text);

}  // namespace redstart::test
