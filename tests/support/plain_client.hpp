// SPDX-License-Identifier: Apache-2.0
// plain_client.hpp: a client that is a bare socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::test {

/// A TCP client of 127.0.0.1. Every wait fails the test after 30 s.
class PlainClient {
 public:
  /// How the peer ended the connection.
  enum class End : std::uint8_t { not_yet, in_order, reset };
  enum NotConnected : std::uint8_t { not_connected };

  explicit PlainClient(std::uint16_t port);
  explicit PlainClient(NotConnected);
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;
  ~PlainClient() { close(); }

  /// Whether a connection to the port succeeds.
  static bool connects(std::uint16_t port);
  void start_connect(std::uint16_t port);
  [[nodiscard]] bool writable_within(std::chrono::milliseconds time) const;

  void send(std::string_view bytes);
  /// Sends as much as the kernel accepts at once. Returns the number of bytes sent.
  std::size_t try_send(std::string_view bytes);
  /// Returns the next `size` bytes; fewer only at the end of the stream.
  std::string receive(std::size_t size);
  [[nodiscard]] bool readable() const;
  [[nodiscard]] End end() const noexcept { return end_; }
  void close() noexcept;

 private:
  int fd_ = -1;
  End end_ = End::not_yet;
};

}  // namespace redstart::test
