// SPDX-License-Identifier: Apache-2.0
// server_identity.hpp: reads the identity of a server from HELLO and INFO.
#pragma once

#include "info.hpp"

#include <redstart/core/peer_text.hpp>
#include <redstart/observe/server_identity.hpp>
#include <redstart/resp/cursor.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace redstart::inline v0::protocol {

/// Makes "Valkey" of "valkey", and "replica" of INFO's "slave".
inline void normalise(ServerIdentity& server) {
  std::string& name = server.product;
  if (!name.empty() && name.front() >= 'a' && name.front() <= 'z')
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
  if (server.role == "slave") server.role = "replica";
}

/// The reply to HELLO. A server numbers its connections from its start on: `id` is the number of this one, 0
/// if the server did not report it.
struct Greeting {
  std::int64_t id = 0;
  ServerIdentity server{};
};

/// `frame` is the complete reply: a map, or a flat array.
[[nodiscard]] inline Greeting read_greeting(std::string_view frame) {
  Greeting greeting;
  resp::DecodeIssue issue;
  resp::Cursor cursor(frame, issue);
  resp::Aggregate map;
  if (!cursor.open(map, "a map")) return greeting;
  ServerIdentity& server = greeting.server;
  while (cursor.more(map)) {
    const resp::Token name = cursor.take();
    if (cursor.failed() || !cursor.more(map)) break;
    if (name.text == "id" && cursor.next_type() == resp::Type::integer) {
      static_cast<void>(cursor.take_integer(greeting.id));
      continue;
    }
    std::string* const field = name.text == "server"              ? &server.product
                               : name.text == "version"           ? &server.version
                               : name.text == "role"              ? &server.role
                               : name.text == "mode"              ? &server.mode
                               : name.text == "availability_zone" ? &server.availability_zone
                                                                  : nullptr;
    const resp::Type type = cursor.next_type();
    if (field != nullptr && (type == resp::Type::bulk || type == resp::Type::simple))
      *field = peer_text(cursor.take().text, {.most = longest_fact});
    else
      cursor.skip();
  }
  normalise(server);
  return greeting;
}

/// Reads the reply to INFO. A server that is not Redis has the fields `server_name`, `<name>_version` and
/// `server_mode`, and a `redis_version` for old clients.
[[nodiscard]] inline ServerIdentity read_identity(std::string_view info) {
  ServerIdentity server;
  std::string name = info_text(info, "server_name");
  if (name.empty()) name = "redis";
  server.version = info_text(info, name + "_version");
  if (server.version.empty()) {
    name = "redis";
    server.version = info_text(info, "redis_version");
  }
  server.mode = info_text(info, "server_mode");
  if (server.mode.empty()) server.mode = info_text(info, "redis_mode");
  server.product = std::move(name);
  server.role = info_text(info, "role");
  normalise(server);
  server.availability_zone = info_text(info, "availability_zone");
  server.run_id = info_text(info, "run_id");
  return server;
}

/// True if a version such as "7.0.15" is `major.minor` or later, or if it is no such version.
[[nodiscard]] inline bool at_least(std::string_view version, unsigned major, unsigned minor) noexcept {
  unsigned has_major = 0;
  unsigned has_minor = 0;
  const char* const end = version.data() + version.size();
  const auto [dot, error] = std::from_chars(version.data(), end, has_major);
  if (error != std::errc() || dot == end || *dot != '.') return true;
  if (std::from_chars(dot + 1, end, has_minor).ec != std::errc()) return true;
  return has_major != major ? has_major > major : has_minor >= minor;
}

}  // namespace redstart::inline v0::protocol
