// SPDX-License-Identifier: Apache-2.0
// connections.hpp: the open connections of the HTTP server, and what they share.
#pragma once

#include "connection_order.hpp"
#include "host_rule.hpp"

#include <redstart/http/http_config.hpp>
#include <redstart/http/http_message.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <utility>

namespace redstart::inline v0::http {

class HttpConnection;

/// Knows every open connection without owning it. A connection leaves it when it is closed.
///
/// Thread safety: none; the server's thread uses it.
class Connections {
 public:
  using Id = ConnectionOrder::Id;

  Connections(const HttpConfig& config, HttpHandler handler)
      : config_(config), hosts_(config), handler_(std::move(handler)) {}

  Id add(HttpConnection& connection);
  void remove(Id id);
  void mark(Id id, bool busy) { order_.mark(id, busy); }

  /// Closes connections until one more may be opened.
  void make_room();
  /// Closes the first connection of the order. Returns false if there is none.
  bool close_first();
  /// Closes idle connections; the rest close after their response. `on_empty` is called once none is left.
  void drain(std::function<void()> on_empty);
  void close_all();

  [[nodiscard]] const HttpConfig& config() const noexcept { return config_; }
  [[nodiscard]] const HostRule& hosts() const noexcept { return hosts_; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  /// The handler's response; a refusal with 500 if it throws.
  [[nodiscard]] HttpResponse respond(const HttpRequest& request) const;

 private:
  void close(Id id);

  const HttpConfig& config_;
  const HostRule hosts_;
  HttpHandler handler_;
  ConnectionOrder order_{};
  std::map<Id, HttpConnection*> open_{};
  std::function<void()> on_empty_{};
  bool draining_ = false;
};

}  // namespace redstart::inline v0::http
