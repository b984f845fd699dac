// SPDX-License-Identifier: Apache-2.0
// unsolicited_bytes.hpp: servers that send unsolicited bytes, for every kind of caller.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake_server.hpp"
#include "managers.hpp"
#include "sanitizers.hpp"

namespace redstart::test {

/// The transport to a server.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Returns a configuration whose databases are all on this server. This object owns any TLS front in
  /// between.
  [[nodiscard]] virtual RedisConfig config(std::uint16_t server) = 0;
};

class InTheClear final : public Transport {
 public:
  [[nodiscard]] RedisConfig config(std::uint16_t server) override { return config_at(server); }
};

/// How a command reaches the server.
enum class Way : std::uint8_t {
  direct,        ///< A synchronous call on a direct connection.
  over_shared,   ///< A synchronous call on a shared connection.
  shared,        ///< An asynchronous operation on a shared connection.
  scoped,        ///< A synchronous call on a scoped handle.
  scoped_async,  ///< An asynchronous operation on a scoped handle.
};
inline constexpr Way all_ways[] = {Way::direct, Way::over_shared, Way::shared, Way::scoped,
                                   Way::scoped_async};

[[nodiscard]] inline std::string_view to_string(Way way) noexcept {
  switch (way) {
    case Way::direct: return "direct";
    case Way::over_shared: return "synchronous, over a shared connection";
    case Way::shared: return "asynchronous, shared";
    case Way::scoped: return "scoped";
    case Way::scoped_async: return "asynchronous, scoped";
  }
  return "unknown";
}
/// Whether a loop reads the connection even while nothing is in flight.
[[nodiscard]] constexpr bool always_reads(Way way) noexcept {
  return way == Way::over_shared || way == Way::shared || way == Way::scoped_async;
}
[[nodiscard]] constexpr bool is_scoped(Way way) noexcept {
  return way == Way::scoped || way == Way::scoped_async;
}

/// A manager and one handle that sends commands on one route.
class WayCaller {
 public:
  using Text = std::optional<std::string>;

  WayCaller(RedisConfig config, Way way) : way_(way) {
    config.defaults.retry.mode = RetryMode::off;
    config.defaults.direct_limit = way == Way::over_shared ? 0 : 10;
    config.defaults.check_after_idle = std::chrono::milliseconds(0);
    config.start_timeout = std::chrono::milliseconds(0);
    config.database("main").required = false;
    redis_.emplace(std::move(config));
  }
  [[nodiscard]] RedisConnectionManager& redis() { return **redis_; }
  [[nodiscard]] PoolStats pool() { return redis().stats("main").pool; }
  [[nodiscard]] std::size_t closed_for(CloseReason reason) { return pool().closed_for(reason); }

  [[nodiscard]] Result<Text> get(const std::string& key) {
    using boost::asio::use_future;
    try {
      switch (way_) {
        case Way::direct:
        case Way::over_shared: return redis().client("main").get(key);
        case Way::shared: return redis().async_client("main").get(key)(use_future).get();
        case Way::scoped:
          if (!scoped_) scoped_.emplace(redis().scoped_client("main"));
          return scoped_->get(key);
        case Way::scoped_async:
          if (!scoped_async_) scoped_async_.emplace(redis().scoped_async_client("main")(use_future).get());
          return scoped_async_->get(key)(use_future).get();
      }
    } catch (const Error& error) {
      return error;
    }
    return Text{};
  }
  void give_back() {
    scoped_.reset();
    scoped_async_.reset();
  }

 private:
  Way way_;
  std::optional<StartedManager> redis_{};
  std::optional<ScopedClient> scoped_{};
  std::optional<AsyncScopedClient> scoped_async_{};
};

inline std::string value_of_key(const FakeConnection::Words& words) {
  return words[0] == "GET" ? resp_bulk("value of " + words.at(1)) : std::string("+OK\r\n");
}

/// Bytes that a server sends on an idle connection, and the rest that would complete a reply.
struct Unsolicited {
  std::string first;
  std::string rest{};
};

/// Checks that the next call doesn't receive the bytes and that the connection is closed as `desync`.
inline void expect_desync(Transport& transport, const Unsolicited& unsolicited, Way way) {
  using namespace std::chrono_literals;
  SCOPED_TRACE(std::string(to_string(way)) + ": " + unsolicited.first);
  Gate speak;
  Gate spoken;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const auto first = connection.handshake();
    if (first.empty()) return;
    connection.send(value_of_key(first));
    if (first.back() != "a") return connection.serve(value_of_key);
    connection.wait(speak);
    connection.send(unsolicited.first);
    spoken.open();
    const auto next = connection.command();
    if (next.empty()) return;  // as expected
    connection.send(unsolicited.rest);
    connection.send(value_of_key(next));
    connection.serve(value_of_key);
  });
  WayCaller caller(transport.config(server.port()), way);
  ASSERT_EQ(caller.get("a").value(), "value of a");
  speak.open();
  spoken.wait();
  const auto begin = std::chrono::steady_clock::now();
  if (always_reads(way)) {
    ASSERT_TRUE(eventually([&] { return caller.closed_for(CloseReason::desync) == 1; }));
    EXPECT_LE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  } else {
    let_pass(50ms);  // until the bytes have arrived: a connection used within 1 ms is not checked
  }
  Result<WayCaller::Text> next = caller.get("b");
  if (is_scoped(way)) {
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().code(), Errc::connection_lost) << next.error().what();
    EXPECT_EQ(next.error().effect(), Effect::not_sent);
    caller.give_back();
    next = caller.get("b");
  }
  ASSERT_TRUE(next.has_value()) << next.error().what();
  EXPECT_EQ(next.value(), "value of b");
  EXPECT_EQ(caller.closed_for(CloseReason::desync), 1U);
}

/// Bytes that a server sends before the connection is ready, and its next step.
struct Early {
  std::string on_accept{};
  std::string with_hello{};  ///< Sent after the reply to HELLO, before the server reads more.
  std::string with_pong{};
};

inline constexpr std::string_view hello_answer =
    "%3\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n";

/// Checks that such a connection is never used.
inline void expect_no_connection(Transport& transport, const Early& early, Way way) {
  SCOPED_TRACE(std::string(to_string(way)) + ": " + early.on_accept + " / " + early.with_hello + " / " +
               early.with_pong);
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    if (!early.on_accept.empty()) connection.send(early.on_accept);
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO") connection.send(std::string(hello_answer) + early.with_hello);
      if (words[0] == "CLIENT") connection.send("+OK\r\n");
      if (words[0] == "PING") connection.send("+PONG\r\n" + early.with_pong);
      if (words[0] == "GET") connection.send(resp_bulk("value of " + words[1]));
    }
  });
  RedisConfig config = transport.config(server.port());
  config.defaults.timeouts.connect = std::chrono::seconds(5);
  config.defaults.timeouts.command = std::chrono::seconds(5);
  WayCaller caller(std::move(config), way);
  const auto got = caller.get("a");
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code(), Errc::handshake_failed) << got.error().what();
  EXPECT_EQ(server.count("GET"), 0U);
}

/// Measures the peak memory of this process above its memory at construction.
class MemoryPeak {
 public:
  MemoryPeak() {
    std::ofstream("/proc/self/clear_refs") << "5";  // resets the peak
    before_ = field("VmRSS:");
  }
  /// The peak in bytes; 0 if the kernel doesn't report it.
  [[nodiscard]] std::size_t growth() const {
    const std::size_t peak = field("VmHWM:");
    return peak > before_ ? (peak - before_) * 1024 : 0;
  }

 private:
  static std::size_t field(std::string_view name) {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;) {
      std::size_t value = 0;
      if (word == name && file >> value) return value;
    }
    return 0;
  }
  std::size_t before_ = 0;
};

/// A flood: `head` once, then `body` repeatedly.
struct Flood {
  std::string head;
  std::string body;
};

/// Sends up to 64 MiB, or until the client closes the connection and the server stops.
inline void send_flood(FakeConnection& connection, const Flood& flood) {
  constexpr std::size_t piece = 64 << 10;
  std::string bytes;
  while (bytes.size() < piece) bytes += flood.body;
  connection.send(flood.head);
  for (std::size_t sent = 0; sent < (std::size_t{64} << 20) && !connection.stopping(); sent += bytes.size())
    connection.send(bytes);
}
inline void expect_little_memory(const MemoryPeak& memory) {
  // 1 MiB for the connection, and the memory of the test's servers and threads.
  if (!with_address_sanitizer && !with_thread_sanitizer) {
    EXPECT_LE(memory.growth(), std::size_t{4} << 20);
  }
}

/// Checks that the connect attempt fails long before its timeout.
inline void expect_flood_refused(Transport& transport, const Flood& flood, Way way) {
  SCOPED_TRACE(std::string(to_string(way)) + ": " + flood.head + flood.body.substr(0, 20));
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    if (connection.command().empty()) return;
    send_flood(connection, flood);
    connection.await_close();
  });
  RedisConfig config = transport.config(server.port());
  config.defaults.timeouts.connect = std::chrono::seconds(30);
  config.defaults.timeouts.command = std::chrono::seconds(60);
  WayCaller caller(std::move(config), way);
  const MemoryPeak memory;
  const auto got = caller.get("a");
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code(), Errc::handshake_failed) << got.error().what();
  EXPECT_NE(std::string(got.error().what()).find("64 KiB"), std::string::npos) << got.error().what();
  expect_little_memory(memory);
}

/// Checks that a busy server that sends this after each reply gets only few PINGs.
inline void expect_pause(Transport& transport, const std::string& behind, Way way) {
  SCOPED_TRACE(std::string(to_string(way)) + ": " + behind);
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO") connection.send(hello_answer);
      if (words[0] == "CLIENT") connection.send("+OK\r\n");
      if (words[0] == "PING") connection.send("-BUSY Redis is busy running a script.\r\n" + behind);
    }
  });
  RedisConfig config = transport.config(server.port());
  config.defaults.timeouts.connect = std::chrono::seconds(1);
  config.defaults.timeouts.command = std::chrono::seconds(1);
  WayCaller caller(std::move(config), way);
  const auto got = caller.get("a");
  ASSERT_FALSE(got.has_value());
  EXPECT_TRUE(is_unavailable(got.error().code())) << got.error().what();
  EXPECT_EQ(got.error().effect(), Effect::not_sent);
  // PINGs follow after at least 25 ms, then 50, 100, 200, 250, 250 ms …, for one or two attempts.
  EXPECT_LE(server.count("PING"), 20U);
  EXPECT_GE(server.count("PING"), 1U);
}

/// Checks that a call of a scoped handle fails as `not_sent` if the server closed the connection long before.
inline void expect_closed_idle_handle_not_sent(Transport& transport, Way way) {
  using namespace std::chrono_literals;
  using boost::asio::use_future;
  SCOPED_TRACE(std::string(to_string(way)));
  FakeServer server([](FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) connection.send(":1\r\n");
  });
  WayCaller caller(transport.config(server.port()), way);
  const auto error_of_next = [&](auto& handle, auto run) {
    EXPECT_EQ(run(handle.incr("n")), 1);
    EXPECT_TRUE(eventually([&] { return server.ended() >= 1; }));
    let_pass(50ms);
    return error_of([&] { return run(handle.incr("n")); });
  };
  std::optional<Error> error;
  if (way == Way::scoped) {
    ScopedClient scoped = caller.redis().scoped_client("main");
    error = error_of_next(scoped, [](auto value) { return value; });
  } else {
    AsyncScopedClient scoped = caller.redis().scoped_async_client("main")(use_future).get();
    error = error_of_next(scoped, [](auto operation) { return std::move(operation)(use_future).get(); });
  }
  EXPECT_EQ(error->code(), Errc::connection_lost) << error->what();
  EXPECT_EQ(error->effect(), Effect::not_sent) << error->what();
  EXPECT_EQ(server.count("INCR"), 1U);
}

}  // namespace redstart::test
