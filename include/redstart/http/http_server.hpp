// SPDX-License-Identifier: Apache-2.0
// http_server.hpp: a small HTTP/1.1 server for probes and metrics.
#pragma once

#include <redstart/http/http_config.hpp>
#include <redstart/http/http_message.hpp>

#include <cstdint>
#include <memory>

namespace redstart::inline v0 {

/// Serves GET and HEAD over HTTP/1.1 with keep-alive, on a thread of its own. It belongs to the component
/// `redstart::http`.
///
///     HealthMonitor monitor(redis);
///     monitor.start();
///     HttpServer server({.port = 8080}, HttpRoutes(redis, monitor));
///     server.start();
///
/// Malformed requests get 400 and their connection is closed, as it is after each response that refuses a
/// request before its end: 405 for other methods, 413 for a body, 414 and 431 for too long a request, 421 for
/// a host that is not served (`HttpConfig::hosts`). A handler that throws causes a response with 500.
///
/// The server uses no thread of the library and takes no lock of a database, so it answers during outages.
///
/// Thread safety: full; destruction excepted. After a fork, the server belongs to the parent: in the child,
/// `stop` and destruction return at once.
class HttpServer {
 public:
  /// Errors: `ConfigError` with every fault of `config`.
  HttpServer(HttpConfig config, HttpHandler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Stops. Precondition: not called by the handler.
  ~HttpServer();

  /// Listens and starts the thread. No effect if it runs. A server can be started again after `stop`.
  ///
  /// Errors: std::system_error with address and port if they can't be used, or if there is no thread.
  void start();
  /// Accepts nothing more, closes idle connections, waits up to 250 ms for responses under way, and closes
  /// the rest. Blocks until the handler has returned. No effect if it does not run.
  ///
  /// Precondition: not called by the handler.
  void stop() noexcept;

  [[nodiscard]] bool running() const noexcept;
  /// The port it listens on; 0 if it does not run.
  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  class State;

  std::shared_ptr<State> state_;
};

}  // namespace redstart::inline v0
