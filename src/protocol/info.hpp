// SPDX-License-Identifier: Apache-2.0
// info.hpp: reads fields of the reply to INFO.
#pragma once

#include <redstart/core/peer_text.hpp>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace redstart::inline v0::protocol {

/// The value of the line `name:value`; empty when there is no such line, or no value.
[[nodiscard]] constexpr std::string_view info_field(std::string_view info, std::string_view name) noexcept {
  while (!info.empty()) {
    const std::size_t end = info.find('\n');
    std::string_view line = info.substr(0, end);
    info = end == std::string_view::npos ? std::string_view() : info.substr(end + 1);
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ':') continue;
    line.remove_prefix(name.size() + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  return {};
}

/// The same as messages and reports show it.
[[nodiscard]] inline std::string info_text(std::string_view info, std::string_view name) {
  constexpr std::size_t longest = 64;
  return peer_text(info_field(info, name), {.most = longest});
}

/// The same as a number; empty when it is none, or does not fit.
template <class Number>
[[nodiscard]] std::optional<Number> info_number(std::string_view info, std::string_view name) noexcept {
  const std::string_view text = info_field(info, name);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Which server INFO describes.
struct ServerProduct {
  std::string name{};     ///< "Redis", "Valkey".
  std::string version{};  ///< The product's own, not that of the Redis that it is compatible with.
  std::string mode{};     ///< "standalone", "cluster", "sentinel".
};

/// Reads `INFO server`. A server that is not Redis has the fields `server_name`, `<name>_version` and
/// `server_mode`, beside a `redis_version` for old clients.
[[nodiscard]] inline ServerProduct read_product(std::string_view info) {
  ServerProduct product;
  std::string name = info_text(info, "server_name");
  if (name.empty()) name = "redis";
  std::string version = info_text(info, name + "_version");
  if (version.empty()) {
    name = "redis";
    version = info_text(info, "redis_version");
  }
  std::string mode = info_text(info, "server_mode");
  if (mode.empty()) mode = info_text(info, "redis_mode");
  product.version = std::move(version);
  product.mode = std::move(mode);
  if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  product.name = std::move(name);
  return product;
}

}  // namespace redstart::inline v0::protocol
