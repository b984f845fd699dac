// SPDX-License-Identifier: Apache-2.0
// connection_order.hpp: decides which HTTP connection is closed to free a slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace redstart::inline v0::http {

/// The open connections: idle ones before busy ones, and each kind by how long it has been so.
///
/// Thread safety: none.
class ConnectionOrder {
 public:
  using Id = std::uint64_t;

  /// Adds a connection, which counts as idle. Returns its number.
  Id add() {
    const Id id = ++last_id_;
    place(id, false);
    return id;
  }
  /// Marks a connection as idle or busy from now on. No effect on one that is not in the list.
  void mark(Id id, bool busy) {
    if (remove(id)) place(id, busy);
  }
  /// Returns whether the connection was in the list.
  bool remove(Id id) {
    const auto at = places_.find(id);
    if (at == places_.end()) return false;
    order_.erase(at->second);
    places_.erase(at);
    return true;
  }

  /// The connection to close first.
  [[nodiscard]] std::optional<Id> first() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->second);
  }
  /// The first connection if it is idle.
  [[nodiscard]] std::optional<Id> first_idle() const {
    return order_.empty() || order_.begin()->first.first ? std::nullopt
                                                         : std::optional(order_.begin()->second);
  }
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

 private:
  // Whether it is busy, and the number of the change since which it is.
  using Place = std::pair<bool, std::uint64_t>;

  void place(Id id, bool busy) {
    const Place place(busy, ++changes_);
    order_.emplace(place, id);
    places_.emplace(id, place);
  }

  std::map<Place, Id> order_{};
  std::map<Id, Place> places_{};
  Id last_id_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace redstart::inline v0::http
