// SPDX-License-Identifier: Apache-2.0
// connections.cpp: closes connections of the HTTP server to free slots.
#include "connections.hpp"

#include "http_connection.hpp"
#include "request_head.hpp"

namespace redstart::inline v0::http {

Connections::Id Connections::add(HttpConnection& connection) {
  const Id id = order_.add();
  open_.emplace(id, &connection);
  return id;
}

void Connections::remove(Id id) {
  order_.remove(id);
  if (open_.erase(id) != 0 && open_.empty() && on_empty_) on_empty_();
}

void Connections::close(Id id) {
  // It may outlive the call: its pending operation still has to end.
  const auto at = open_.find(id);
  if (at != open_.end()) at->second->close();
}

void Connections::make_room() {
  while (order_.size() >= config_.max_connections && close_first()) {
  }
}

bool Connections::close_first() {
  const auto id = order_.first();
  if (id) close(*id);
  return id.has_value();
}

void Connections::drain(std::function<void()> on_empty) {
  draining_ = true;
  while (const auto id = order_.first_idle()) close(*id);
  if (open_.empty()) return on_empty();
  on_empty_ = std::move(on_empty);
}

void Connections::close_all() {
  while (close_first()) {
  }
}

HttpResponse Connections::respond(const HttpRequest& request) const {
  try {
    return handler_(request);
  } catch (...) {  // anything that the service throws
    return refusal(500, "the handler failed");
  }
}

}  // namespace redstart::inline v0::http
