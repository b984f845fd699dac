// SPDX-License-Identifier: Apache-2.0
// greeting.hpp: what the answer to HELLO tells about a server, and when it is another than before.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/core/peer_text.hpp>
#include <redstart/resp/cursor.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace redstart::inline v0::protocol {

/// Bytes of a word or number that a server says of itself and messages show.
inline constexpr std::size_t longest_fact = 64;

/// The answer to HELLO; fields that the server left out are empty. A server counts its connections from its
/// start on: `id` is the number of this one.
struct Greeting {
  std::int64_t id = 0;
  std::string version{};
  std::string role{};
  std::string mode{};
};

/// `frame` is the complete answer: a map, or a flat array.
[[nodiscard]] inline Greeting read_greeting(std::string_view frame) {
  Greeting greeting;
  resp::DecodeIssue issue;
  resp::Cursor cursor(frame, issue);
  resp::Aggregate map;
  if (!cursor.open(map, "a map")) return greeting;
  while (cursor.more(map)) {
    const resp::Token name = cursor.take();
    if (cursor.failed() || !cursor.more(map)) break;
    if (name.text == "id" && cursor.next_type() == resp::Type::integer) {
      static_cast<void>(cursor.take_integer(greeting.id));
      continue;
    }
    std::string* const field = name.text == "version" ? &greeting.version
                               : name.text == "role"  ? &greeting.role
                               : name.text == "mode"  ? &greeting.mode
                                                      : nullptr;
    const resp::Type type = cursor.next_type();
    if (field != nullptr && (type == resp::Type::bulk || type == resp::Type::simple))
      *field = peer_text(cursor.take().text, {.most = longest_fact});
    else
      cursor.skip();
  }
  return greeting;
}

/// Whether a version such as "7.0.15" is `major.minor` or later; true for what is no such version.
[[nodiscard]] inline bool at_least(std::string_view version, unsigned major, unsigned minor) noexcept {
  unsigned has_major = 0;
  unsigned has_minor = 0;
  const char* const end = version.data() + version.size();
  const auto [dot, error] = std::from_chars(version.data(), end, has_major);
  if (error != std::errc() || dot == end || *dot != '.') return true;
  if (std::from_chars(dot + 1, end, has_minor).ec != std::errc()) return true;
  return has_major != major ? has_major > major : has_minor >= minor;
}

/// Notices that a database is served by another server process than before. Connections of one process get
/// ascending numbers, so one that was begun after another had been greeted, and got a smaller number, belongs
/// to another process: the server was restarted, or a replica or another server took its place. A restart is
/// missed when other clients made more connections since than there had been before it.
///
/// Thread safety: none.
class ServerIdentity {
 public:
  /// A connection that was begun at `began` was greeted at `now`. Returns what is different from before, in
  /// words; empty when nothing is known to be.
  [[nodiscard]] std::string met(const Greeting& greeting, TimePoint began, TimePoint now) {
    if (greeting.id == 0) return {};
    std::string change;
    if (known_.id != 0) {
      const bool later = began >= since_;
      if (later && greeting.id <= known_.id)
        add(change, "connection number", std::to_string(known_.id), std::to_string(greeting.id));
      add(change, "version", known_.version, greeting.version);
      add(change, "role", known_.role, greeting.role);
      add(change, "mode", known_.mode, greeting.mode);
    }
    if (!change.empty() || greeting.id > known_.id) {
      known_ = greeting;
      since_ = now;
    }
    return change;
  }

 private:
  static void add(std::string& change, std::string_view what, const std::string& before,
                  const std::string& after) {
    if (before == after) return;
    if (!change.empty()) change += ", ";
    change.append(what).append(" ").append(before).append(" -> ").append(after);
  }

  Greeting known_{};
  TimePoint since_{};
};

}  // namespace redstart::inline v0::protocol
