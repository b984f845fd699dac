// SPDX-License-Identifier: Apache-2.0
// http_listener.hpp: accepts connections on a thread of its own.
#pragma once

#include "connections.hpp"

#include <redstart/http/http_config.hpp>
#include <redstart/http/http_message.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <thread>

namespace redstart::inline v0::http {

/// The listening socket and the thread of a server that runs.
class HttpListener {
 public:
  /// Listens and starts the thread. `config` must outlive this.
  ///
  /// Errors: boost::system::system_error of the socket; std::system_error if there is no thread.
  HttpListener(const HttpConfig& config, HttpHandler handler);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  /// Ends as `HttpServer::stop` says.
  ~HttpListener();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void listen();
  void close_acceptor() noexcept;
  void accept();
  void retry_later();
  void drain();
  void run() noexcept;

  const HttpConfig& config_;
  Connections connections_;  // before the context: its pending operations own connections
  boost::asio::io_context context_{1};
  boost::asio::ip::tcp::acceptor acceptor_{context_};
  boost::asio::steady_timer timer_{context_};
  std::uint16_t port_ = 0;
  std::thread thread_{};
};

}  // namespace redstart::inline v0::http
