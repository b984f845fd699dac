// SPDX-License-Identifier: Apache-2.0
// fault_proxy.hpp: a TCP proxy on loopback that injects faults.
#pragma once

#include <redstart/core/endpoint.hpp>
#include <redstart/testing/fault_script.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace redstart::inline v0::testing {

/// Counters of a FaultProxy since its construction.
struct ProxyCounters {
  std::uint64_t accepted = 0;           ///< Accepted connections of clients.
  std::uint64_t open = 0;               ///< Connections that have not ended.
  std::uint64_t unreachable = 0;        ///< Connections ended because the server could not be reached.
  std::uint64_t closed_by_client = 0;   ///< Connections that the client ended by FIN or RST.
  std::uint64_t closed_by_server = 0;   ///< Connections that the server ended by FIN or RST.
  std::uint64_t bytes_from_client = 0;  ///< Bytes read.
  std::uint64_t bytes_to_server = 0;    ///< Bytes written.
  std::uint64_t bytes_from_server = 0;  ///< Bytes read.
  std::uint64_t bytes_to_client = 0;    ///< Bytes written.
  std::uint64_t requests = 0;           ///< Complete requests read.
  std::uint64_t replies = 0;            ///< Complete replies read, except push messages.
  std::uint64_t faults = 0;             ///< Scripted faults that took effect.
};

/// An event on one connection.
struct ProxyEvent {
  enum class Kind : std::uint8_t {
    accepted,       ///< A client connected.
    request,        ///< A complete request was read; `command` is its name in capitals.
    reply,          ///< A complete reply was read; `command` is the name of its request.
    client_closed,  ///< The client closed its side.
    server_closed,  ///< The server closed its side.
    ended,          ///< Both sockets are closed.
  };
  Kind kind = Kind::accepted;
  std::size_t connection = 0;  ///< Counted from 0 in the order of acceptance.
  std::uint64_t number = 0;    ///< Number of the request or reply on this connection, from 1.
  std::string_view command{};
};

/// Settings of a FaultProxy.
struct FaultProxyOptions {
  /// Seed of all random decisions. The same seed gives the same delays in the same order.
  std::uint64_t seed = 1;
  /// Called on the thread of the proxy with every piece read, before any fault. Must not call the proxy.
  std::function<void(std::size_t connection, Direction direction, std::string_view bytes)> tap{};
  /// Called on the thread of the proxy after each event. May call the proxy, but must not wait.
  std::function<void(const ProxyEvent& event)> on_event{};
};

/// A proxy between a client and a server that injects faults: cut, reset and half-open connections, slow and
/// corrupt bytes, lost and duplicate replies, refused connections. Without a script it forwards everything
/// unchanged.
///
///     FaultProxy proxy({.host = "127.0.0.1", .port = 6379});
///     // The client connects to proxy.endpoint().
///     proxy.next_connection().on_reply_to("INCR").reset();  // executed, and the reply is lost
///     proxy.freeze();                                       // half-open links from here on
///     proxy.heal();
///
/// It works with clients of any library, as it knows RESP but nothing about Redstart. One thread does all the
/// work.
///
/// Thread safety: every function may be called on any thread at any time.
class FaultProxy {
 public:
  /// Listens on a free port of 127.0.0.1 and forwards to `server`, which need not listen yet.
  /// Errors: std::system_error if no socket or thread can be created; std::runtime_error if the name of the
  /// server has no address.
  explicit FaultProxy(const Endpoint& server, FaultProxyOptions options = {});
  /// Forwards to a server on this port of 127.0.0.1.
  explicit FaultProxy(std::uint16_t port, FaultProxyOptions options = {});
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  /// Closes every connection and joins the thread.
  ~FaultProxy();

  /// The endpoint that clients connect to.
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] std::uint16_t port() const;

  /// @name Which connections
  ///@{

  /// The next connection to be accepted. A second call before that selects the one after it, and so on.
  [[nodiscard]] FaultScript next_connection();
  /// One connection by its number, from 0 in the order of acceptance. It may be open or in the future.
  [[nodiscard]] FaultScript connection(std::size_t index);
  /// All connections that are open now.
  [[nodiscard]] FaultScript open_connections();
  /// All connections accepted from now on.
  [[nodiscard]] FaultScript new_connections();
  /// All open and all future connections.
  [[nodiscard]] FaultScript all_connections();
  ///@}

  /// @name The whole server at once
  ///@{

  /// Makes open and future connections half-open: nothing passes in either direction, and neither side is
  /// notified.
  void freeze();
  /// Refuses new connections, like a port without a listener. Open connections stay.
  void refuse();
  /// Leaves new connect attempts unanswered. Open connections stay. An attempt that was already in progress
  /// may still succeed, but gets no replies.
  void blackhole();
  /// Simulates a crash: resets every open connection and refuses new ones.
  void crash();
  /// Ends every lasting fault, drops pending ones, and accepts connections again. Held bytes are delivered.
  void heal();
  ///@}

  [[nodiscard]] ProxyCounters counters() const;
  /// Waits until the counters satisfy the condition.
  /// Errors: std::runtime_error with the counters after 30 s.
  void await(const std::function<bool(const ProxyCounters&)>& condition) const;

 private:
  std::shared_ptr<detail::ProxyCore> core_;
};

}  // namespace redstart::inline v0::testing
