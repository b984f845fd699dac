// SPDX-License-Identifier: Apache-2.0
// proxy_connection.hpp: the two sockets of one proxied connection.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/testing/fault_proxy.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fault_link.hpp"
#include "socket_file.hpp"

namespace redstart::inline v0::testing::detail {

/// A ProxyEvent that owns its text, kept until it can be delivered without the mutex of the proxy.
struct OwnedEvent {
  ProxyEvent::Kind kind = ProxyEvent::Kind::accepted;
  std::size_t connection = 0;
  std::uint64_t number = 0;
  std::string command{};
};

/// Collects the counters and events of a proxy's connections.
struct ProxyLog {
  ProxyCounters counters{};
  std::vector<OwnedEvent> events{};
  std::function<void(std::size_t, Direction, std::string_view)> tap{};
};

/// Moves bytes between two sockets as its FaultLink decides. Used on the thread of the proxy, under its
/// mutex.
class ProxyConnection {
 public:
  ProxyConnection(std::size_t index, SocketFile client, std::uint64_t seed)
      : link(seed), index_(index), client_(std::move(client)) {}

  /// Starts to connect to the server. Does nothing if a fault has already ended the connection.
  void connect(const SocketAddress& server, int epoll, ProxyLog& log);
  /// Moves all bytes that can be moved. Returns false when both sockets are closed.
  bool pump(TimePoint now, int epoll, ProxyLog& log);
  void finish(FaultLink::End how) noexcept;

  FaultLink link;

 private:
  void read(Direction direction, TimePoint now, ProxyLog& log);
  void write(Direction direction, TimePoint now, ProxyLog& log);
  void connected(ProxyLog& log);
  void sender_gone(Direction direction, ProxyLog& log);
  void watch(SocketFile& socket, std::uint32_t& watched, std::uint32_t events, int epoll) const;

  SocketFile& sender(Direction direction) noexcept {
    return direction == Direction::to_client ? server_ : client_;
  }
  SocketFile& receiver(Direction direction) noexcept {
    return direction == Direction::to_client ? client_ : server_;
  }

  std::size_t index_;
  SocketFile client_;
  SocketFile server_{};
  std::uint32_t client_watched_ = 0;
  std::uint32_t server_watched_ = 0;
  bool connecting_ = false;
  std::uint8_t blocked_ = 0;  // one bit per direction: the receiver accepts no more bytes
  std::uint64_t fired_ = 0;   // faults of the link that are already counted
};

}  // namespace redstart::inline v0::testing::detail
