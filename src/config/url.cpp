// SPDX-License-Identifier: Apache-2.0
// url.cpp: reads redis://, rediss:// and redis+unix:// URLs, strictly.
#include <redstart/config/loader.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace redstart {

namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return out;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr const char* encoding_hint =
    "write redis://user:password@host:6379/0; in a password, '/' is %2F, '?' is %3F, '#' is %23, '@' is %40, "
    "':' is %3A";

// One URL on its way into a configuration. Faults repeat nothing of it: where a password holds a bare '/',
// '?' or "://", its pieces turn up in any other part.
class UrlReader {
 public:
  UrlReader(std::string_view where, DatabaseConfig& config) : where_(where), config_(config) {}

  std::vector<ConfigFault> read(std::string_view url) {
    DatabaseConfig before = config_;
    parse(url);
    if (!faults_.empty()) config_ = std::move(before);  // all or nothing
    return std::move(faults_);
  }

 private:
  void parse(std::string_view url) {
    if (std::any_of(url.begin(), url.end(),
                    [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
      return fault("holds a blank or a control character", "percent-encode it");
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) return fault("is no URL", "write redis://host:6379/0");
    const std::string_view scheme = url.substr(0, colon);
    std::string_view rest = url.substr(colon + 3);
    if (rest.find('#') != std::string_view::npos) return fault("has a fragment", "percent-encode '#' as %23");
    std::string_view query;
    if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
      query = rest.substr(mark + 1);
      rest = rest.substr(0, mark);
    }
    if (scheme == "redis+unix" || scheme == "unix")
      unix_socket(rest);
    else if (scheme == "redis")
      tcp(rest);
    else if (scheme == "rediss") {
      config_.tls.enabled = true;
      tcp(rest);
    } else
      return fault("has an unknown scheme", "use redis://, rediss:// (TLS) or redis+unix://");
    options(query, scheme == "rediss" ? Options::tls : scheme == "redis" ? Options::none : Options::database);
  }

  // [user[:password]@]host[:port][/database]
  void tcp(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
      credentials(authority.substr(0, at));
      authority = authority.substr(at + 1);
    }
    host_and_port(authority);
    if (slash != std::string_view::npos) database(rest.substr(slash + 1));
  }

  // [user[:password]@]/path
  void unix_socket(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos)
      return fault("names no socket", "write redis+unix:///path/to/socket?db=0");
    if (slash > 0) {
      if (rest[slash - 1] != '@')
        return fault("has a host before the path of the socket", "write redis+unix:///path/to/socket");
      credentials(rest.substr(0, slash - 1));
    }
    auto path = percent_decoded(rest.substr(slash));
    if (!path || path->find('\0') != std::string::npos)
      return fault("has a broken path", "write %XX with two hex digits");
    config_.endpoint.unix_path = std::move(*path);
  }

  void credentials(std::string_view info) {
    const std::size_t colon = info.find(':');
    auto user = percent_decoded(info.substr(0, colon));
    auto password =
        percent_decoded(colon == std::string_view::npos ? std::string_view{} : info.substr(colon + 1));
    if (!user || !password)
      return fault("has a broken percent-encoding before the '@'", "write %XX with two hex digits");
    if (colon == std::string_view::npos)
      return fault("has a user name but no password",
                   "write redis://user:password@host or redis://:password@host");
    config_.username = std::move(*user);
    config_.password = Secret(std::move(*password));
  }

  void host_and_port(std::string_view text) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
      const std::size_t end = text.find(']');
      if (end == std::string_view::npos)
        return fault("has no ']' after the IPv6 address", "write redis://[::1]:6379");
      host = text.substr(1, end - 1);
      const std::string_view after = text.substr(end + 1);
      if (!after.empty() && after.front() != ':')
        return fault("has text behind the ']'", "write redis://[::1]:6379");
      if (!after.empty()) port = after.substr(1);
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
      if (port->find(':') != std::string_view::npos)
        return fault("has more than one ':' in host and port",
                     "write an IPv6 address in brackets: redis://[::1]:6379");
    }
    if (!host.empty()) {
      auto decoded = percent_decoded(host);
      if (!decoded)
        return fault("has a broken percent-encoding in the host", "write %XX with two hex digits");
      config_.endpoint.host = std::move(*decoded);
    }
    config_.endpoint.unix_path.clear();
    if (!port) return;
    const auto value = number<std::uint16_t>(*port);
    if (!value || *value == 0) return fault("has a port that is no number from 1 to 65535", encoding_hint);
    config_.endpoint.port = *value;
  }

  void database(std::string_view text) {
    if (text.empty()) return;
    const auto value = number<int>(text);
    if (!value || *value < 0) return fault("has a database that is no number", encoding_hint);
    config_.number = *value;
  }

  enum class Options { none, database, tls };

  void options(std::string_view query, Options allowed) {
    while (!query.empty()) {
      const std::size_t end = query.find('&');
      const std::string_view option = query.substr(0, end);
      query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
      const std::size_t equals = option.find('=');
      const std::string_view key = option.substr(0, equals);
      if (key == "db" && allowed == Options::database && equals != std::string_view::npos)
        database(option.substr(equals + 1));
      else if (allowed != Options::tls || equals == std::string_view::npos ||
               !tls_option(key, option.substr(equals + 1)))
        fault("has an unknown option", known(allowed));
    }
  }

  static const char* known(Options allowed) {
    switch (allowed) {
      case Options::database: return "only db=number is known";
      case Options::tls:
        return "known are tls_ca_file, tls_ca_directory, tls_certificate, tls_key, tls_server_name, "
               "tls_verify "
               "and tls_minimum, each with a value; the database goes behind the '/'";
      case Options::none: break;
    }
    return "none is known; the database goes behind the '/', and TLS has the scheme rediss://";
  }

  // False for an unknown key.
  bool tls_option(std::string_view key, std::string_view value) {
    TlsConfig& tls = config_.tls;
    if (key == "tls_verify") {
      if (value != "full" && value != "insecure")
        fault("has a tls_verify of its own kind", "use tls_verify=full or tls_verify=insecure");
      tls.verify = value == "insecure" ? TlsVerify::insecure : TlsVerify::full;
      return true;
    }
    if (key == "tls_minimum") {
      if (value != "1.2" && value != "1.3")
        fault("has a tls_minimum of its own kind", "use tls_minimum=1.2 or tls_minimum=1.3");
      tls.minimum = value == "1.3" ? TlsVersion::tls_1_3 : TlsVersion::tls_1_2;
      return true;
    }
    std::string* const text = key == "tls_ca_file"        ? &tls.ca_file
                              : key == "tls_ca_directory" ? &tls.ca_directory
                              : key == "tls_certificate"  ? &tls.certificate_file
                              : key == "tls_key"          ? &tls.key_file
                              : key == "tls_server_name"  ? &tls.server_name
                                                          : nullptr;
    if (text == nullptr) return false;
    auto decoded = percent_decoded(value);
    if (!decoded || decoded->empty() || decoded->find('\0') != std::string::npos)
      fault("has a TLS option with an empty or broken value", "write %XX with two hex digits");
    else
      *text = std::move(*decoded);
    return true;
  }

  void fault(std::string what, std::string remedy) {
    faults_.push_back({std::string(where_), std::move(what), std::move(remedy)});
  }

  std::string_view where_;
  DatabaseConfig& config_;
  std::vector<ConfigFault> faults_{};
};

}  // namespace

std::vector<ConfigFault> apply_url(std::string_view url, std::string_view where, DatabaseConfig& config) {
  return UrlReader(where, config).read(url);
}

}  // namespace redstart
