// SPDX-License-Identifier: Apache-2.0
// url_fuzz.cpp: the URL reader agrees with Boost.URL on every URL that both accept.
#include "input.hpp"

#include <redstart/config/loader.hpp>

// The library of Boost.URL, from its headers alone.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
#endif
#include <boost/url/src.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace redstart;
using redstart::fuzz::require;

constexpr std::string_view secret = "Zq7xW";

// Both readers find the same parts.
void compare(const std::string& url, const DatabaseConfig& config) {
  // The last '@' ends the password here, so that one without encoding works. For Boost.URL it is a fault, or
  // the host.
  if (std::count(url.begin(), url.end(), '@') > 1) return;
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return;  // Boost.URL is stricter about characters that need an encoding
  const boost::urls::url_view& view = *parsed;
  // Boost.URL 1.81 takes the rest of `//[::1]:70@host/2` for a path.
  if (!view.encoded_path().empty() && view.encoded_path().front() != '/') return;
  if (config.endpoint.is_unix()) {
    require(config.endpoint.unix_path == std::string(view.path()));
  } else {
    // Boost.URL writes addresses anew.
    if (view.host_type() == boost::urls::host_type::name && !view.encoded_host().empty())
      require(config.endpoint.host == std::string(view.host()));
    if (view.has_port() && !view.port().empty() && view.port().size() <= 5)
      require(config.endpoint.port == view.port_number());
  }
  if (view.has_userinfo()) {
    require(config.username == std::string(view.user()));
    require(config.password.reveal() == std::string(view.password()));
  } else {
    require(config.username.empty() && config.password.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string url(reinterpret_cast<const char*>(data), size);
  DatabaseConfig config;
  config.endpoint = {"before", 1, "/before"};
  const DatabaseConfig before = config;
  const auto faults = apply_url(url, "url", config);
  if (!faults.empty()) {
    require(config.endpoint == before.endpoint && config.username.empty() && config.password.empty() &&
            !config.number && !config.tls.enabled);
    require(faults.size() < 40);
    for (const ConfigFault& fault : faults) require(fault.where == "url" && !fault.what.empty());
    return 0;
  }
  require(config.endpoint.port != 0);
  if (config.endpoint.is_unix() || config.endpoint.host != "before") compare(url, config);

  // A second reading changes nothing, and a secret in front of the host appears in no fault.
  DatabaseConfig again = config;
  require(apply_url(url, "url", again).empty());
  require(again.endpoint == config.endpoint && again.username == config.username &&
          again.password == config.password && again.number == config.number);
  const std::string broken = "redis://u:" + std::string(secret) + url;
  DatabaseConfig other;
  for (const ConfigFault& fault : apply_url(broken, "url", other))
    require(fault.what.find(secret) == std::string::npos && fault.remedy.find(secret) == std::string::npos);
  return 0;
}
