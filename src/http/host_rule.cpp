// SPDX-License-Identifier: Apache-2.0
// host_rule.cpp: by which names clients may address the server.
#include "host_rule.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>

namespace redstart::inline v0::http {

namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view every_name = "*";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool is_loopback(const std::string& text) {
  const ip::address address = ip::make_address(text);
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

// Splits `[::1]:80` and `name:80`. An authority that is malformed has an empty host.
struct HostAndForm {
  std::string_view host{};
  bool bracketed = false;
};

HostAndForm host_of(std::string_view authority) noexcept {
  HostAndForm result;
  result.bracketed = authority.starts_with('[');
  const std::size_t end = std::min(authority.find(result.bracketed ? ']' : ':'), authority.size());
  std::string_view port = authority.substr(end);
  result.host = authority.substr(0, end);
  if (result.bracketed) {
    if (port.empty()) return {};
    result.host.remove_prefix(1);
    port.remove_prefix(1);
  }
  if (port.find_first_not_of("0123456789", 1) != std::string_view::npos) return {};
  if (!port.empty() && port.front() != ':') return {};
  return result;
}

bool is_address(const HostAndForm& of) {
  boost::system::error_code error;
  if (of.bracketed)
    static_cast<void>(ip::make_address_v6(of.host, error));
  else
    static_cast<void>(ip::make_address_v4(of.host, error));
  return !error;
}

bool is_within(std::string_view host, std::string_view name) noexcept {
  return name.starts_with('.') ? host == name.substr(1) || host.ends_with(name) : host == name;
}

}  // namespace

HostRule::HostRule(const HttpConfig& config) : all_(config.hosts.empty() && !is_loopback(config.address)) {
  names_.emplace_back(".localhost");
  for (const std::string& name : config.hosts) {
    all_ = all_ || name == every_name;
    names_.push_back(lower_case(name));
  }
}

bool HostRule::admits(std::string_view authority) const {
  if (all_) return true;
  const HostAndForm parts = host_of(authority);
  if (parts.host.empty()) return false;
  if (is_address(parts)) return true;  // a page has this origin only if this server has sent it
  if (parts.bracketed) return false;
  std::string host = lower_case(parts.host);
  if (host.ends_with('.')) host.pop_back();
  return std::any_of(names_.begin(), names_.end(),
                     [&host](const std::string& name) { return is_within(host, name); });
}

bool is_host_name(std::string_view name) noexcept {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
  if (name == every_name) return true;
  return name.find_first_not_of(allowed) == std::string_view::npos &&
         name.find_first_not_of('.') != std::string_view::npos && !name.ends_with('.');
}

}  // namespace redstart::inline v0::http
