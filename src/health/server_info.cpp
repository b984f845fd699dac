// SPDX-License-Identifier: Apache-2.0
// server_info.cpp: reads the fields of INFO, and the keys of one database.
#include "server_info.hpp"

#include "../protocol/info.hpp"
#include "../protocol/server_identity.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace redstart::inline v0::health {

namespace {

// The number after `name=` in a line such as "keys=2,expires=1,avg_ttl=0".
std::optional<std::uint64_t> part_of(std::string_view line, std::string_view name) {
  while (!line.empty()) {
    const std::size_t end = line.find(',');
    const std::string_view part = line.substr(0, end);
    line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
    if (!part.starts_with(name) || part.size() == name.size() || part[name.size()] != '=') continue;
    const std::string_view digits = part.substr(name.size() + 1);
    std::uint64_t value = 0;
    const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || last != digits.data() + digits.size()) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

}  // namespace

ServerHealth read_server_info(std::string_view info, int number) {
  const auto figure = [info](std::string_view name) {
    return protocol::info_number<std::uint64_t>(info, name);
  };
  ServerHealth server;
  server.result = CheckResult::ok;
  server.identity = protocol::read_identity(info);
  if (const auto uptime = protocol::info_number<std::uint32_t>(info, "uptime_in_seconds"))
    server.uptime = std::chrono::seconds(*uptime);
  server.connected_clients = figure("connected_clients");
  server.maximum_clients = figure("maxclients");
  server.used_memory = figure("used_memory");
  server.used_memory_human = protocol::info_text(info, "used_memory_human");
  server.maximum_memory = figure("maxmemory");
  server.connected_replicas = figure("connected_slaves");
  server.hits = figure("keyspace_hits");
  server.misses = figure("keyspace_misses");
  server.evicted_keys = figure("evicted_keys");
  if (info.find("# Keyspace") != std::string_view::npos) {
    const std::string line = protocol::info_text(info, "db" + std::to_string(number));
    server.keys = line.empty() ? 0 : part_of(line, "keys");
    server.expiring_keys = line.empty() ? 0 : part_of(line, "expires");
  }
  return server;
}

}  // namespace redstart::inline v0::health
