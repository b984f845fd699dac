// SPDX-License-Identifier: Apache-2.0
// http_server.cpp: starts and stops the HTTP server.
#include "config_faults.hpp"
#include "http_listener.hpp"
#include "net/descriptors.hpp"

#include <redstart/core/error.hpp>
#include <redstart/http/http_server.hpp>

#include <boost/system/system_error.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace redstart::inline v0 {

class HttpServer::State {
 public:
  State(HttpConfig config, HttpHandler handler) : config_(std::move(config)), handler_(std::move(handler)) {}

  void start() {
    const std::scoped_lock lock(mutex_);
    if (listener_) return;
    try {
      listener_.emplace(config_, handler_);
    } catch (const boost::system::system_error& error) {
      throw std::system_error(std::error_code(error.code()), "can't listen on " + http::place_of(config_) +
                                                                 ": choose another address or port");
    }
    port_ = listener_->port();
  }
  void stop() noexcept {
    const std::scoped_lock lock(mutex_);
    port_ = 0;
    listener_.reset();
  }
  // Takes no lock: a handler may call it while `stop` waits for that handler.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] bool forked() const noexcept { return net::forked(generation_); }

 private:
  const HttpConfig config_;
  const HttpHandler handler_;
  const std::uint32_t generation_ = net::fork_generation();
  std::mutex mutex_{};
  std::optional<http::HttpListener> listener_{};
  std::atomic<std::uint16_t> port_{0};
};

HttpServer::HttpServer(HttpConfig config, HttpHandler handler) {
  if (auto faults = http::faults_of(config); !faults.empty()) throw ConfigError(std::move(faults));
  state_ = std::make_shared<State>(std::move(config), std::move(handler));
}

HttpServer::~HttpServer() {
  if (state_->forked())
    net::leave_to_parent(std::move(state_));
  else
    state_->stop();
}

void HttpServer::start() {
  if (state_->forked()) return;
  state_->start();
}

void HttpServer::stop() noexcept {
  if (!state_->forked()) state_->stop();
}

bool HttpServer::running() const noexcept { return port() != 0; }

std::uint16_t HttpServer::port() const noexcept {
  return state_->forked() ? std::uint16_t{0} : state_->port();
}

}  // namespace redstart::inline v0
