// SPDX-License-Identifier: Apache-2.0
// fake_server.hpp: a Redis server on loopback that says what a test's script says, true or not.
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

/// The words of a command, its name first.
using Words = std::vector<std::string>;

/// The server's side of one connection, used by a script on its own thread. Every wait has a watchdog of 30
/// s, which throws std::runtime_error; so does the end of the connection inside of a command.
class FakeConnection {
 public:
  using Words = testing::Words;
  using Answer = std::function<std::string(const Words&)>;
  /// Called with each command as it is read.
  using Log = std::function<void(const Words&)>;

  FakeConnection(int fd, std::stop_token stop, Log log = {}) noexcept
      : fd_(fd), stop_(std::move(stop)), log_(std::move(log)) {}
  FakeConnection(const FakeConnection&) = delete;
  FakeConnection& operator=(const FakeConnection&) = delete;
  ~FakeConnection() { close(); }

  /// The next command of the client; empty once the client has closed.
  Words command();
  /// Reads until the client has closed (or reset) the connection; returns how many bytes came before.
  std::size_t await_close();
  /// Waits until something has come that is not read yet, and leaves it so.
  void await_bytes() const;
  /// Writes these bytes, whatever they are. A client that has gone is no error.
  void send(std::string_view bytes);
  /// Waits for a gate, or until the server is destroyed.
  void wait(const Gate& gate) const { gate.wait(stop_); }
  /// True once the server is being destroyed.
  [[nodiscard]] bool stopping() const noexcept { return stop_.stop_requested(); }

  /// Answers HELLO, AUTH, CLIENT, SELECT and PING, and ECHO before the first PING, as Redis 7 does, until the
  /// first other command, which it returns; empty once the client has closed.
  Words handshake();
  /// The same, and answers what else comes with `answer(words)`, until the client closes,
  /// be it inside of a command.
  void serve(const Answer& answer);

  /// Closes in order.
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
  Log log_;
  std::string buffer_{};
  bool pinged_ = false;
};

/// A scripted Redis on a free port of 127.0.0.1. Each connection that it accepts runs the script on a thread
/// of its own; the destructor ends and joins them all. A script that threw, or hung, is a failure of the
/// test: see on_failure().
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
/// Thread safety: scripts run side by side; every function may be called by any thread.
class FakeServer {
 public:
  /// `index` counts connections from 0.
  using Script = std::function<void(FakeConnection&, std::size_t index)>;

  /// Errors: std::system_error when the system gives no socket or thread.
  explicit FakeServer(Script script);
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer();

  /// A script for a small, honest server: PING, ECHO, GET, SET, DEL, EXISTS, INCR, DECR, APPEND, RPUSH, LLEN
  /// and FLUSHALL with data that all connections of the script share; an error to anything else.
  [[nodiscard]] static Script simple();

  [[nodiscard]] Endpoint endpoint() const { return {.host = "127.0.0.1", .port = port_}; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t accepted() const noexcept { return accepted_.load(); }
  /// Scripts that have ended.
  [[nodiscard]] std::size_t ended() const noexcept { return ended_.load(); }
  /// The commands that scripts have read, of all connections in the order of reading.
  [[nodiscard]] std::vector<Words> commands() const;
  /// How many of them have this name, in any case.
  [[nodiscard]] std::size_t count(std::string_view name) const;

  /// Ends all scripts and their connections. Called by the destructor.
  void stop();
  /// What scripts have thrown so far, in words; whoever takes it answers for it, on_failure() is not told.
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

/// Says what is to be done with the failure of a script that nobody has taken, when its server is destroyed.
/// Tell it to your test framework, once, in main(): `on_failure([](const std::string& text) { ADD_FAILURE()
/// << text; });`. Unless told otherwise the text goes to stderr and the process is aborted: a failure is
/// never lost.
///
/// Thread safety: call it before there is a server.
void on_failure(std::function<void(const std::string& text)> handler);

/// A command as it goes over the wire.
[[nodiscard]] std::string resp_command(const Words& words);
/// `$<n>\r\n<text>\r\n`
[[nodiscard]] std::string resp_bulk(std::string_view text);
/// `:<number>\r\n`
[[nodiscard]] std::string resp_integer(std::int64_t number);

}  // namespace redstart::inline v0::testing
