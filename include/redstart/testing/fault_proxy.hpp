// SPDX-License-Identifier: Apache-2.0
// fault_proxy.hpp: a TCP proxy on loopback in front of a real server, which fails as it is told.
#pragma once

#include <redstart/core/endpoint.hpp>
#include <redstart/testing/fault_script.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace redstart::inline v0::testing {

/// What has gone through a FaultProxy so far.
struct ProxyCounters {
  std::uint64_t accepted = 0;           ///< Connections of clients.
  std::uint64_t open = 0;               ///< Of them not ended yet.
  std::uint64_t unreachable = 0;        ///< Ended since the server could not be reached.
  std::uint64_t closed_by_client = 0;   ///< Connections that the client has ended, in order or by RST.
  std::uint64_t closed_by_server = 0;   ///< Connections that the server has ended, in order or by RST.
  std::uint64_t bytes_from_client = 0;  ///< Bytes read.
  std::uint64_t bytes_to_server = 0;    ///< Bytes written.
  std::uint64_t bytes_from_server = 0;  ///< Bytes read.
  std::uint64_t bytes_to_client = 0;    ///< Bytes written.
  std::uint64_t requests = 0;           ///< Whole requests read.
  std::uint64_t replies = 0;            ///< Whole replies read, without push messages.
  std::uint64_t faults = 0;             ///< Faults of scripts that took effect.
};

/// Something that happened on one connection.
struct ProxyEvent {
  enum class Kind : std::uint8_t {
    accepted,       ///< A client has connected.
    request,        ///< A whole request was read; `command` is its name in capitals.
    reply,          ///< A whole reply was read; `command` is the name of its request.
    client_closed,  ///< The client has ended its side.
    server_closed,  ///< The server has ended its side.
    ended,          ///< Both sockets are closed.
  };
  Kind kind = Kind::accepted;
  std::size_t connection = 0;  ///< Counted from 0 in the order of acceptance.
  std::uint64_t number = 0;    ///< Of the request or reply on this connection, from 1.
  std::string_view command{};
};

/// Settings of a FaultProxy.
struct FaultProxyOptions {
  /// Decides what happens at random. The same seed gives the same delays in the same order.
  std::uint64_t seed = 1;
  /// Called on the proxy's thread with every piece read, before any fault; may not call the proxy.
  std::function<void(std::size_t connection, Direction direction, std::string_view bytes)> tap{};
  /// Called on the proxy's thread after each event; may call the proxy, but not wait.
  std::function<void(const ProxyEvent& event)> on_event{};
};

/// Stands between a client and a server, and breaks what passes: cuts, resets, half-open links, slow and
/// corrupt bytes, lost and doubled replies, refused connections. Without a script it passes everything on
/// unchanged.
///
///     FaultProxy proxy({.host = "127.0.0.1", .port = 6379});
///     // The client connects to proxy.endpoint().
///     proxy.next_connection().on_reply_to("INCR").reset();  // executed, and the reply is lost
///     proxy.freeze();                                       // half-open links from here on
///     proxy.heal();
///
/// It serves every client of every library: it knows RESP, and nothing about Redstart. One thread of its own
/// does all the work.
///
/// Thread safety: every function may be called by any thread at any time.
class FaultProxy {
 public:
  /// Listens on a free port of 127.0.0.1 and forwards to `server`, which need not be there yet.
  /// Errors: std::system_error when the system gives no socket or thread; std::runtime_error when the
  /// server's name has no address.
  explicit FaultProxy(const Endpoint& server, FaultProxyOptions options = {});
  /// The same for a server on this port of 127.0.0.1.
  explicit FaultProxy(std::uint16_t port, FaultProxyOptions options = {});
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  /// Closes every connection and waits for the thread.
  ~FaultProxy();

  /// Where clients connect to.
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] std::uint16_t port() const;

  /// @name Which connections
  ///@{

  /// The next one to come. Called again before it has come: the one after that, and so on.
  [[nodiscard]] FaultScript next_connection();
  /// One by its number, from 0 in the order of acceptance: open, or still to come.
  [[nodiscard]] FaultScript connection(std::size_t index);
  /// All that are open now.
  [[nodiscard]] FaultScript open_connections();
  /// All that come from now on.
  [[nodiscard]] FaultScript new_connections();
  /// All that are open, and all that come.
  [[nodiscard]] FaultScript all_connections();
  ///@}

  /// @name The whole server at once
  ///@{

  /// Half-open links: open connections and those to come pass nothing either way; nobody is told.
  void freeze();
  /// New connections are refused, as by a port where nothing listens. Open ones stay.
  void refuse();
  /// New connections hang: attempts to connect are not answered. Open ones stay.
  /// A client's attempt that was under way may still succeed; nothing then answers it.
  void blackhole();
  /// The server "dies": every open connection is cut with RST, new ones are refused.
  void crash();
  /// Ends every fault, standing or to come, and takes connections again. What was kept is delivered.
  void heal();
  ///@}

  [[nodiscard]] ProxyCounters counters() const;
  /// Waits until the counters are as asked.
  /// Errors: std::runtime_error that tells the counters after 30 s.
  void await(const std::function<bool(const ProxyCounters&)>& condition) const;

 private:
  std::shared_ptr<detail::ProxyCore> core_;
};

}  // namespace redstart::inline v0::testing
