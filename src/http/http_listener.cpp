// SPDX-License-Identifier: Apache-2.0
// http_listener.cpp: the accept loop of the HTTP server.
#include "http_listener.hpp"

#include "http_connection.hpp"
#include "net/descriptors.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <utility>

namespace redstart::inline v0::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds drain_time{250};
constexpr std::chrono::milliseconds retry_time{50};

// Keeps programs that the service starts from inheriting the socket.
void close_on_exec(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags >= 0) static_cast<void>(::fcntl(fd, F_SETFD, flags | FD_CLOEXEC));
}

// Blocks all signals during its lifetime, so that a new thread gets none of the service's.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all{};
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

HttpListener::HttpListener(const HttpConfig& config, HttpHandler handler)
    : config_(config), connections_(config, std::move(handler)) {
  listen();
  try {
    accept();
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    close_acceptor();
    throw;
  }
}

HttpListener::~HttpListener() {
  asio::post(context_, [this] { drain(); });
  thread_.join();
}

void HttpListener::listen() {
  const tcp::endpoint endpoint(asio::ip::make_address(config_.address), config_.port);
  {
    const net::descriptors::ForkGuard hold;
    acceptor_.open(endpoint.protocol());
    net::descriptors::add(acceptor_.native_handle(), hold);
  }
  close_on_exec(acceptor_.native_handle());
  try {
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
  } catch (...) {
    close_acceptor();
    throw;
  }
}

void HttpListener::close_acceptor() noexcept {
  if (!acceptor_.is_open()) return;
  const net::descriptors::ForkGuard hold;
  net::descriptors::remove(acceptor_.native_handle(), hold);
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void HttpListener::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    if (connections_.draining() || error == asio::error::operation_aborted) return;
    if (error) return retry_later();
    close_on_exec(socket.native_handle());
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    connections_.make_room();
    try {
      std::make_shared<HttpConnection>(std::move(socket), connections_)->start();
    } catch (const std::exception&) {
      // Out of memory: the connection is closed.
    }
    accept();
  });
}

// Most failures concern one client. If descriptors ran out, an idle connection has one.
void HttpListener::retry_later() {
  connections_.close_first();
  timer_.expires_after(retry_time);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !connections_.draining()) accept();
  });
}

void HttpListener::drain() {
  close_acceptor();
  timer_.expires_after(drain_time);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) connections_.close_all();
  });
  connections_.drain([this] { timer_.cancel(); });
}

void HttpListener::run() noexcept {
  static_cast<void>(::pthread_setname_np(::pthread_self(), "redstart-http"));
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception&) {
      // Out of memory in a handler: its connection is closed, the rest continue.
    }
  }
}

}  // namespace redstart::inline v0::http
