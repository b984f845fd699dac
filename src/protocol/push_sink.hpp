// SPDX-License-Identifier: Apache-2.0
// push_sink.hpp: passes the push messages of one connection on, by kind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0::protocol {

/// Takes push messages of one kind.
class PushReceiver {
 public:
  /// `frame` is the whole message; it lives during the call. Called on the connection's loop. Must not call
  /// users' code.
  virtual void push(std::string_view frame) noexcept = 0;

 protected:
  PushReceiver() = default;
  PushReceiver(const PushReceiver&) = default;
  PushReceiver& operator=(const PushReceiver&) = default;
  ~PushReceiver() = default;
};

/// Returns the kind of a push message, its first element: `message`, `invalidate`. Empty if that is no text.
/// Preconditions: `frame` is one valid push.
[[nodiscard]] inline std::string_view push_kind(std::string_view frame) noexcept {
  std::string_view rest = frame.substr(std::min(frame.find('\n') + 1, frame.size()));
  if (rest.starts_with('+')) return rest.substr(1, rest.find('\r') - 1);
  if (!rest.starts_with('$')) return {};
  rest = rest.substr(rest.find('\n') + 1);
  return rest.substr(0, rest.find('\r'));
}

/// The table of one connection: which receiver takes the pushes of which kind. Pub/Sub, client-side caching
/// and maintenance notifications use it. Pushes of other kinds are counted and dropped.
///
/// Thread safety: none; on the connection's loop.
class PushSink {
 public:
  PushSink() = default;
  PushSink(const PushSink&) = delete;
  PushSink& operator=(const PushSink&) = delete;

  /// From now on `receiver` takes all pushes of this kind; null: they are dropped again. Lifetimes: the
  /// receiver must live until then, or until the connection has ended. Errors: std::bad_alloc.
  void route(std::string_view kind, PushReceiver* receiver) {
    std::erase_if(routes_, [kind](const Route& route) { return route.kind == kind; });
    if (receiver != nullptr) routes_.push_back({std::string(kind), receiver});
  }
  /// Passes on one push, or counts and drops it.
  void take(std::string_view frame) noexcept {
    if (!routes_.empty()) {
      const std::string_view kind = push_kind(frame);
      for (const Route& route : routes_)
        if (route.kind == kind) return route.receiver->push(frame);
    }
    ++dropped_;
  }
  /// Counts pushes that were dropped elsewhere, as during the handshake.
  void dropped(std::uint64_t pushes) noexcept { dropped_ += pushes; }
  [[nodiscard]] bool has_dropped() const noexcept { return dropped_ != 0; }
  /// Returns the number of pushes that were dropped since the last call.
  [[nodiscard]] std::uint64_t take_dropped() noexcept { return std::exchange(dropped_, 0); }

 private:
  struct Route {
    std::string kind;
    PushReceiver* receiver;
  };
  std::vector<Route> routes_{};  // few: a search is quicker than a map
  std::uint64_t dropped_ = 0;
};

}  // namespace redstart::inline v0::protocol
