// SPDX-License-Identifier: Apache-2.0
// config_faults.cpp: finds the faults of the HTTP server's settings.
#include "config_faults.hpp"

#include "host_rule.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0::http {

namespace {

using Faults = std::vector<ConfigFault>;

void check_size(Faults& faults, std::string_view name, std::size_t value, std::size_t low, std::size_t high) {
  if (value >= low && value <= high) return;
  faults.push_back({.where = "HttpConfig::" + std::string(name),
                    .what = std::to_string(value) + " is out of range",
                    .remedy = std::to_string(low) + " to " + std::to_string(high)});
}

void check_time(Faults& faults, std::string_view name, std::chrono::milliseconds value) {
  if (value >= std::chrono::milliseconds{1} && value <= std::chrono::hours{1}) return;
  faults.push_back({.where = "HttpConfig::" + std::string(name),
                    .what = std::to_string(value.count()) + " ms is out of range",
                    .remedy = "1 ms to 1 h"});
}

}  // namespace

std::vector<ConfigFault> faults_of(const HttpConfig& config) {
  Faults faults;
  boost::system::error_code error;
  static_cast<void>(boost::asio::ip::make_address(config.address, error));
  if (error) {
    faults.push_back({.where = "HttpConfig::address",
                      .what = "\"" + config.address + "\" is no IP address",
                      .remedy = "an address of this host, such as 127.0.0.1, 0.0.0.0 or ::"});
  }
  for (const std::string& name : config.hosts) {
    if (is_host_name(name)) continue;
    faults.push_back({.where = "HttpConfig::hosts",
                      .what = "\"" + name + "\" is no host name",
                      .remedy = "a name without scheme and port, such as shop, .example.com or *"});
  }
  check_size(faults, "max_connections", config.max_connections, 1, 10'000);
  check_size(faults, "max_header_bytes", config.max_header_bytes, 1024, std::size_t{64} * 1024);
  check_time(faults, "header_timeout", config.header_timeout);
  check_time(faults, "idle_timeout", config.idle_timeout);
  check_time(faults, "write_timeout", config.write_timeout);
  return faults;
}

std::string place_of(const HttpConfig& config) {
  const bool is_v6 = config.address.find(':') != std::string::npos;
  return (is_v6 ? '[' + config.address + ']' : config.address) + ':' + std::to_string(config.port);
}

}  // namespace redstart::inline v0::http
