// SPDX-License-Identifier: Apache-2.0
// fake_server.hpp: a scripted Redis server on loopback.
#pragma once

#include <redstart/core/endpoint.hpp>
#include <redstart/testing/gate.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace redstart::inline v0::testing {

/// The arguments of a command; the first is its name.
using Words = std::vector<std::string>;

/// The server's side of one connection. A script uses it on its own thread.
///
/// Errors: every function that waits throws std::runtime_error after 30 s, and if the connection ends inside
/// a command.
class FakeConnection {
 public:
  using Words = testing::Words;
  using Answer = std::function<std::string(const Words&)>;
  /// Called with each command when it is read.
  using Log = std::function<void(const Words&)>;

  FakeConnection(int fd, std::stop_token stop, Log log = {}) noexcept
      : fd_(fd), stop_(std::move(stop)), log_(std::move(log)) {}
  FakeConnection(const FakeConnection&) = delete;
  FakeConnection& operator=(const FakeConnection&) = delete;
  ~FakeConnection() { close(); }

  /// Returns the next command of the client; empty if the client has closed the connection.
  Words command();
  /// Reads until the client closes or resets the connection. Returns how many bytes it read.
  std::size_t await_close();
  /// Waits until there are bytes to read. Doesn't read them.
  void await_bytes() const;
  /// Writes these bytes without checking them. It is no error if the client has closed the connection.
  void send(std::string_view bytes);
  /// Waits until the gate opens or the server is destroyed.
  void wait(const Gate& gate) const { gate.wait(stop_); }
  /// True once the server is being destroyed.
  [[nodiscard]] bool stopping() const noexcept { return stop_.stop_requested(); }

  /// Answers HELLO, AUTH, CLIENT, SELECT and PING as Redis 7 does, and ECHO before the first PING. Returns
  /// the first other command; empty if the client has closed the connection.
  Words handshake();
  /// Like handshake(), but answers all other commands with `answer(words)` until the client closes the
  /// connection. Closing inside a command is no error here.
  void serve(const Answer& answer);

  /// Closes the connection with FIN.
  void close() noexcept;
  /// Closes the connection with RST.
  void reset() noexcept;
  /// Sends FIN and keeps the connection open for reading.
  void half_close() noexcept;

 private:
  bool fill();
  bool wait_for(short events) const;

  int fd_;
  std::stop_token stop_;
  Log log_;
  std::string buffer_{};
  bool pinged_ = false;
};

/// A scripted Redis server on a free port of 127.0.0.1. Each accepted connection runs the script on its own
/// thread; the destructor stops and joins all of them. A script that throws or hangs fails the test: see
/// on_failure().
///
///     FakeServer server([](FakeConnection& connection, std::size_t index) {
///       if (index == 0) {               // the first connection breaks in the middle of a reply
///         connection.handshake();
///         connection.send("$100\r\nabc");
///         return connection.reset();
///       }
///       connection.serve([](const Words& words) { return resp_bulk("value of " + words.at(1)); });
///     });
///
/// Thread safety: scripts run concurrently; every function may be called on any thread.
class FakeServer {
 public:
  /// `index` counts connections from 0.
  using Script = std::function<void(FakeConnection&, std::size_t index)>;

  /// Errors: std::system_error if no socket or thread can be created.
  explicit FakeServer(Script script);
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer();

  /// Returns the script of a small correct server. It implements PING, ECHO, GET, SET, DEL, EXISTS, INCR,
  /// DECR, APPEND, RPUSH, LLEN and FLUSHALL on data common to all connections, and answers any other command
  /// with an error.
  [[nodiscard]] static Script simple();

  [[nodiscard]] Endpoint endpoint() const { return {.host = "127.0.0.1", .port = port_}; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t accepted() const noexcept { return accepted_.load(); }
  /// The number of scripts that have ended.
  [[nodiscard]] std::size_t ended() const noexcept { return ended_.load(); }
  /// All commands that scripts have read, on all connections, in the order of reading.
  [[nodiscard]] std::vector<Words> commands() const;
  /// The number of those commands with this name, case-insensitive.
  [[nodiscard]] std::size_t count(std::string_view name) const;

  /// Stops all scripts and closes their connections. The destructor calls it.
  void stop();
  /// Returns and clears the messages of exceptions that scripts have thrown. on_failure() doesn't report them
  /// again.
  [[nodiscard]] std::vector<std::string> take_failures();

 private:
  void accept_all(const std::stop_token& stop);
  void run(int fd, std::size_t index, const std::stop_token& stop);

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::size_t> ended_{0};
  mutable std::mutex mutex_{};
  std::vector<std::string> failures_{};
  std::vector<Words> commands_{};
  std::vector<std::jthread> scripts_{};
  std::jthread acceptor_{};
};

/// Sets the handler for failures of scripts. When a server is destroyed, it is called for each failure that
/// take_failures() has not returned. Call it once in main() to forward failures to the test framework:
///
///     on_failure([](const std::string& text) { ADD_FAILURE() << text; });
///
/// The default handler prints the text to stderr and aborts the process, so that no failure is lost.
///
/// Thread safety: call it before the first server is created.
void on_failure(std::function<void(const std::string& text)> handler);

/// Returns a command as encoded for the wire.
[[nodiscard]] std::string resp_command(const Words& words);
/// `$<n>\r\n<text>\r\n`
[[nodiscard]] std::string resp_bulk(std::string_view text);
/// `:<number>\r\n`
[[nodiscard]] std::string resp_integer(std::int64_t number);

}  // namespace redstart::inline v0::testing
