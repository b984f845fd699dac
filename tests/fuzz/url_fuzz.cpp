// SPDX-License-Identifier: Apache-2.0
// url_fuzz.cpp: compares the URL reader with Boost.URL.
//
// If both accept a URL, they must find the same host, port, user, password, path and options. If one of them
// rejects it, one of these reasons must apply.
//
// Redstart alone rejects what RFC 3986 allows and a Redis URL does not:
// - a scheme that is not its own
// - a fragment
// - a user without a password, `@` without any, a control character in a user name
// - no host behind `@`; a host with characters that no name has; port 0; a port above 65535
// - a path that is no number; behind redis+unix://, a host, a port, no path, a control character in the path
// - an option that it does not know, twice, or without a valid value; an `@` behind the `?`
//
// Boost.URL alone rejects what a copied password or name server may contain:
// - a character that needs an encoding. Redstart takes it as it is, if it is unambiguous.
// - more than one `@`. For Redstart the last one ends the password.
// - the zone of an IPv6 address
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
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace redstart;
using boost::urls::host_type;
using boost::urls::url_view;
using redstart::fuzz::require;

constexpr std::string_view secret = "Zq7xW";

enum class Form { other, tcp, tls, unix_socket };

Form form_of(std::string_view scheme) {
  std::string lower(scheme);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower == "redis" || lower == "valkey") return Form::tcp;
  if (lower == "rediss" || lower == "valkeys") return Form::tls;
  if (lower == "redis+unix" || lower == "valkey+unix" || lower == "unix") return Form::unix_socket;
  return Form::other;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }
bool has_control(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }

// A URL as Boost.URL reads it. Nothing can be compared where Boost.URL 1.81 accepts a path that does not
// begin with '/': it fails an assertion for `a:{`, and takes `@h/2` for the path of `redis://u:@h/2`.
struct Parsed {
  bool comparable = false;
  std::optional<url_view> view{};
};
Parsed parse(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || !url.substr(colon).starts_with("://")) return {};
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return {true, std::nullopt};
  const std::string_view path(parsed->encoded_path());
  if (!path.empty() && path.front() != '/') return {};
  return {true, *parsed};
}

// The options of rediss://, and the value that each has set.
struct Option {
  std::string_view name;
  std::string value;
};
std::vector<Option> tls_options(const TlsConfig& tls) {
  return {{"tls_ca_file", tls.ca_file},
          {"tls_ca_directory", tls.ca_directory},
          {"tls_certificate", tls.certificate_file},
          {"tls_key", tls.key_file},
          {"tls_server_name", tls.server_name},
          {"tls_verify", tls.verify == TlsVerify::full ? "full" : "insecure"},
          {"tls_minimum", tls.minimum == TlsVersion::tls_1_2 ? "1.2" : "1.3"}};
}

// The number that the digits mean; none if they are no digits, or mean more than `most`.
std::optional<int> number_up_to(int most, std::string_view digits) {
  long long value = 0;
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
    if (value > most) return std::nullopt;
  }
  return static_cast<int>(value);
}
constexpr int most_databases = std::numeric_limits<int>::max();

// ---- both accept

void same_host(const url_view& url, const std::string& host) {
  if (url.host_type() == host_type::ipv6) {
    const auto address = boost::urls::parse_ipv6_address(host);
    require(address && *address == url.host_ipv6_address());
  } else if (!url.encoded_host().empty()) {
    require(host == std::string(url.host()));
  } else {
    require(host == "before");  // left as it was
  }
}

// Percent-decoded only: `params()` would also make a blank of each '+', as HTML forms do.
void same_options(const url_view& url, const DatabaseConfig& config, Form form) {
  const auto options = tls_options(config.tls);
  for (const boost::urls::param_pct_view param : url.encoded_params()) {
    if (param.key.empty() && !param.has_value) continue;  // nothing behind the last `?` or `&`
    const std::string value = param.value.decode();
    if (form == Form::unix_socket) {
      require(param.key == "db" && (value.empty() || config.number == number_up_to(most_databases, value)));
      continue;
    }
    require(std::any_of(options.begin(), options.end(), [&](const Option& option) {
      return option.name == std::string_view(param.key) && option.value == value;
    }));
  }
}

void same_parts(const url_view& url, const DatabaseConfig& config, Form form) {
  if (form == Form::unix_socket) {
    require(config.endpoint.unix_path == std::string(url.path()));
  } else {
    same_host(url, config.endpoint.host);
    const std::string_view port(url.port());
    require(config.endpoint.port == (port.empty() ? 1 : number_up_to(65'535, port)));  // 1: left as it was
    const std::string path(url.path());
    if (path.size() > 1)
      require(config.number == number_up_to(most_databases, path.substr(1)));
    else
      require(!config.number);
  }
  require(config.username == std::string(url.user()));
  require(config.password.reveal() == std::string(url.password()));
  require(config.tls.enabled == (form == Form::tls));
  same_options(url, config, form);
}

// ---- Redstart alone rejects

bool refuses_user(const url_view& url) {
  if (!url.has_userinfo()) return false;
  return !url.has_password() || url.encoded_userinfo() == ":" || has_control(std::string(url.user()));
}

bool refuses_host(const url_view& url) {
  const std::string host(url.host());
  if (host.empty()) return url.has_userinfo();
  if (url.host_type() == host_type::ipv6 || url.host_type() == host_type::ipv4) return false;
  if (url.host_type() == host_type::ipvfuture) return true;
  return std::any_of(host.begin(), host.end(), [](char c) {
    return c <= ' ' || c > '~' || std::string_view("/?#@[]:").find(c) != std::string_view::npos;
  });
}

bool refuses_port(const url_view& url) {
  return !url.port().empty() && number_up_to(65'535, std::string_view(url.port())).value_or(0) == 0;
}

bool refuses_options(const url_view& url, Form form) {
  if (url.encoded_query().contains('@')) return true;
  std::vector<std::string> seen;
  for (const boost::urls::param_pct_view param : url.encoded_params()) {
    const std::string key(param.key);
    const std::string value = param.value.decode();
    if (!param.has_value || std::find(seen.begin(), seen.end(), key) != seen.end()) return true;
    seen.push_back(key);
    if (form == Form::tcp) return true;
    if (form == Form::unix_socket) {
      if (key != "db" ||
          !(param.value.empty() || number_up_to(most_databases, std::string_view(param.value))))
        return true;
      continue;
    }
    const auto options = tls_options({});
    if (std::none_of(options.begin(), options.end(), [&](const Option& each) { return each.name == key; }))
      return true;
    if (value.empty() || has_control(value)) return true;
    if (key == "tls_verify" && param.value != "full" && param.value != "insecure") return true;
    if (key == "tls_minimum" && param.value != "1.2" && param.value != "1.3") return true;
    const bool visible = std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (key == "tls_server_name" && !visible) return true;
  }
  return false;
}

bool refused_with_reason(const url_view& url) {
  const Form form = form_of(std::string_view(url.scheme()));
  if (form == Form::other || url.has_fragment()) return true;
  if (refuses_user(url) || refuses_options(url, form)) return true;
  if (form == Form::unix_socket)
    return !url.encoded_host().empty() || url.has_port() || url.encoded_path().empty() ||
           has_control(std::string(url.path()));
  if (refuses_host(url) || refuses_port(url)) return true;
  const std::string_view path(url.encoded_path());
  return path.size() > 1 && !number_up_to(most_databases, path.substr(1));
}

// ---- Boost.URL alone rejects

bool beyond_boost(std::string_view url) {
  constexpr std::string_view without_encoding =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?@!$&'()*+,;=%[]";
  if (url.find_first_not_of(without_encoding) != std::string_view::npos) return true;
  if (std::count(url.begin(), url.end(), '@') > 1) return true;
  const std::string_view authority = url.substr(url.find("://") + 3);
  const std::string_view host =
      authority.substr(authority.substr(0, authority.find_first_of("/?")).rfind('@') + 1);
  if (!host.starts_with('[')) return url.find_first_of("[]") != std::string_view::npos;
  const std::size_t end = host.find(']');
  const std::size_t brackets = static_cast<std::size_t>(std::count(url.begin(), url.end(), '[') +
                                                        std::count(url.begin(), url.end(), ']'));
  return brackets != 2 || host.substr(0, end).find('%') != std::string_view::npos;
}

// ----

void rejected(const std::string& url, const std::vector<ConfigFault>& faults, const DatabaseConfig& config,
              const DatabaseConfig& before) {
  require(config.endpoint == before.endpoint && config.username.empty() && config.password.empty() &&
          !config.number && !config.tls.enabled);
  require(faults.size() < 40);
  for (const ConfigFault& fault : faults) require(fault.where == "url" && !fault.what.empty());
  const Parsed parsed = parse(url);
  require(!parsed.view || refused_with_reason(*parsed.view));
}

void accepted(const std::string& url, const DatabaseConfig& config) {
  require(config.endpoint.port != 0);
  const Parsed parsed = parse(url);
  if (parsed.view)
    same_parts(*parsed.view, config, form_of(std::string_view(parsed.view->scheme())));
  else
    require(!parsed.comparable || beyond_boost(url));

  // A second reading changes nothing.
  DatabaseConfig again = config;
  require(apply_url(url, "url", again).empty());
  require(again.endpoint == config.endpoint && again.username == config.username &&
          again.password == config.password && again.number == config.number);
}

// A secret in front of the host appears in no fault.
void hides_secrets(const std::string& url) {
  DatabaseConfig config;
  for (const ConfigFault& fault : apply_url("redis://u:" + std::string(secret) + url, "url", config))
    require(fault.what.find(secret) == std::string::npos && fault.remedy.find(secret) == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string url(reinterpret_cast<const char*>(data), size);
  DatabaseConfig config;
  config.endpoint = {"before", 1, "/before"};
  const DatabaseConfig before = config;
  const auto faults = apply_url(url, "url", config);
  if (faults.empty())
    accepted(url, config);
  else
    rejected(url, faults, config, before);
  hides_secrets(url);
  return 0;
}
