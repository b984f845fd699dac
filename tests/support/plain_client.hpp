// SPDX-License-Identifier: Apache-2.0
// plain_client.hpp: a client that is nothing but a socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::test {

/// Every wait has a watchdog of 30 s, which fails the test.
class PlainClient {
 public:
  /// How the other side ended the connection.
  enum class End : std::uint8_t { not_yet, in_order, reset };
  enum NotConnected : std::uint8_t { not_connected };

  explicit PlainClient(std::uint16_t port);
  explicit PlainClient(NotConnected);
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;
  ~PlainClient() { close(); }

  /// True when something listens there.
  static bool connects(std::uint16_t port);
  void start_connect(std::uint16_t port);
  [[nodiscard]] bool writable_within(std::chrono::milliseconds time) const;

  void send(std::string_view bytes);
  /// Sends what the kernel takes at once; returns how much that was.
  std::size_t try_send(std::string_view bytes);
  /// The next bytes, fewer than asked for only at the end.
  std::string receive(std::size_t size);
  [[nodiscard]] bool readable() const;
  [[nodiscard]] End end() const noexcept { return end_; }
  void close() noexcept;

 private:
  int fd_ = -1;
  End end_ = End::not_yet;
};

}  // namespace redstart::test
