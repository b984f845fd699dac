// SPDX-License-Identifier: Apache-2.0
// url.cpp: reads redis://, rediss:// and redis+unix:// URLs, strictly.
#include <redstart/config/loader.hpp>

#include "host.hpp"
#include "keys.hpp"
#include "nearest.hpp"
#include "url.hpp"
#include "value.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

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

// Options of other clients' URLs.
constexpr std::string_view foreign_options[] = {"abortConnect",
                                                "allowAdmin",
                                                "client_name",
                                                "clientName",
                                                "command_timeout",
                                                "connect_timeout",
                                                "connectTimeout",
                                                "database",
                                                "db",
                                                "decode_responses",
                                                "dial_timeout",
                                                "encoding",
                                                "family",
                                                "max_connections",
                                                "max_retries",
                                                "name",
                                                "password",
                                                "pool_size",
                                                "pool_timeout",
                                                "protocol",
                                                "read_timeout",
                                                "role",
                                                "skip_verify",
                                                "socket_timeout",
                                                "ssl",
                                                "ssl_ca_certs",
                                                "ssl_cert_reqs",
                                                "ssl_certfile",
                                                "ssl_keyfile",
                                                "sslmode",
                                                "timeout",
                                                "tls",
                                                "user",
                                                "username",
                                                "write_timeout"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

// The keys with an option in URLs: for Unix sockets the number, for TLS all others.
std::vector<std::string_view> option_names(bool tls) {
  std::vector<std::string_view> names;
  for (const detail::Key& key : detail::keys()) {
    if (!key.url_option.empty() && key.name.starts_with("tls.") == tls) names.push_back(key.url_option);
  }
  return names;
}

const detail::Key& key_of_option(std::string_view option) {
  const auto keys = detail::keys();
  return *std::find_if(keys.begin(), keys.end(),
                       [&](const detail::Key& key) { return key.url_option == option; });
}

// Reads one URL into settings. Faults repeat no part of it except well-known option names: if a
// password contains an unencoded '/', '?' or "://", its pieces appear in other parts of the URL.
class UrlReader {
 public:
  explicit UrlReader(std::string_view where) : where_(where) {}

  detail::UrlContent read(std::string_view url) {
    parse(url);
    if (!faults_.empty()) parts_.clear();  // all or nothing
    return {std::move(parts_), std::move(faults_)};
  }

 private:
  enum class Options { none, database, tls };
  enum class Scheme { unknown, later, tcp, tls, unix_socket };

  void parse(std::string_view url) {
    if (url.empty()) return fault("is empty", "write redis://host:6379/0");
    if (is_blank(url.front()) || is_blank(url.back()))
      return fault("begins or ends with whitespace", "remove it; files and shells often add one");
    if (url.front() == '"' || url.front() == '\'')
      return fault("is in quotes", "remove the quotes: a shell removes them, an environment file does not");
    if (std::any_of(url.begin(), url.end(), [](char c) { return is_blank(c) || c == 0x7f; }))
      return fault("contains a space or a control character", "percent-encode it");
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) return fault("is not a URL", "write redis://host:6379/0");
    const Scheme scheme = scheme_of(detail::lower_case(url.substr(0, colon)));
    std::string_view rest = url.substr(colon + 3);
    if (rest.find('#') != std::string_view::npos) return fault("has a fragment", "percent-encode '#' as %23");
    std::string_view query;
    if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
      query = rest.substr(mark + 1);
      rest = rest.substr(0, mark);
    }
    switch (scheme) {
      case Scheme::later:
        return fault("has a scheme of a later release",
                     "use redis:// or rediss:// with the address of one server");
      case Scheme::unknown:
        return fault("has an unknown scheme",
                     "use redis:// or valkey://, rediss:// or valkeys:// (TLS), or redis+unix://");
      case Scheme::unix_socket: unix_socket(rest); return options(query, Options::database);
      case Scheme::tls: add("tls.enabled", "true"); [[fallthrough]];
      case Scheme::tcp: break;
    }
    tcp(rest);
    options(query, scheme == Scheme::tls ? Options::tls : Options::none);
  }

  // Schemes are case-insensitive (RFC 3986).
  static Scheme scheme_of(std::string_view scheme) {
    if (scheme == "redis" || scheme == "valkey") return Scheme::tcp;
    if (scheme == "rediss" || scheme == "valkeys") return Scheme::tls;
    if (scheme == "redis+unix" || scheme == "valkey+unix" || scheme == "unix") return Scheme::unix_socket;
    for (const std::string_view later :
         {"redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster", "valkey+sentinel",
          "valkeys+sentinel", "valkey+cluster", "valkeys+cluster"}) {
      if (scheme == later) return Scheme::later;
    }
    return Scheme::unknown;
  }

  // [user[:password]@]host[:port][/database]
  void tcp(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
      credentials(authority.substr(0, at));
      authority = authority.substr(at + 1);
      if (authority.empty() || authority.front() == ':')
        return fault("has no host after the '@'",
                     "write redis://user:password@host:6379; is the variable with the host empty?");
    }
    host_and_port(authority);
    if (slash != std::string_view::npos) database(rest.substr(slash + 1));
  }

  // [user[:password]@]/path
  void unix_socket(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos)
      return fault("has no socket path", "write redis+unix:///path/to/socket?db=0");
    if (slash > 0) {
      if (rest[slash - 1] != '@')
        return fault("has a host before the path of the socket", "write redis+unix:///path/to/socket");
      credentials(rest.substr(0, slash - 1));
    }
    auto path = percent_decoded(rest.substr(slash));
    if (!path || has_control(*path))
      return fault("has an invalid path", "write %XX with two hex digits, and no control characters");
    add("unix_path", std::move(*path));
  }

  void credentials(std::string_view info) {
    if (info.empty() || info == ":")
      return fault("has neither a user name nor a password before the '@'",
                   "write redis://user:password@host, or omit the '@'; is the variable with the password "
                   "empty?");
    const std::size_t colon = info.find(':');
    auto user = percent_decoded(info.substr(0, colon));
    auto password =
        percent_decoded(colon == std::string_view::npos ? std::string_view{} : info.substr(colon + 1));
    if (!user || !password)
      return fault("has an invalid percent-encoding before the '@'", "write %XX with two hex digits");
    if (colon == std::string_view::npos)
      return fault("has a user name but no password",
                   "write redis://user:password@host or redis://:password@host; for a user without "
                   "password redis://user:@host");
    if (has_control(*user))
      return fault("has a user name with a control character", "remove it; often it is a line break");
    add("username", std::move(*user));
    add("password", std::move(*password));
  }

  void host_and_port(std::string_view text) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
      const std::size_t end = text.find(']');
      if (end == std::string_view::npos)
        return fault("has no ']' after the IPv6 address", "write redis://[::1]:6379");
      host = text.substr(1, end - 1);
      if (host.find(':') == std::string_view::npos)
        return fault("has no IPv6 address in the brackets",
                     "write redis://[::1]:6379, or a name without brackets");
      const std::string_view after = text.substr(end + 1);
      if (!after.empty() && after.front() != ':')
        return fault("has text after the ']'", "write redis://[::1]:6379");
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
        return fault("has an invalid percent-encoding in the host", "write %XX with two hex digits");
      if (const auto wrong = detail::fault_of_host(*decoded))
        return fault("has a host that " + std::string(wrong->what), encoding_hint);
      add("host", std::move(*decoded));
    }
    if (!port || port->empty()) {  // "host:" is the default port (RFC 3986)
      if (!host.empty()) parts_.push_back({"port", Secret("6379"), true});
      return;
    }
    const auto value = number<std::uint16_t>(*port);
    if (!value || *value == 0) return fault("has a port that is not a number from 1 to 65535", encoding_hint);
    add("port", std::to_string(*value));
  }

  void database(std::string_view text) {
    if (text.empty()) return;
    const auto value = number<unsigned>(text);  // unsigned: a sign is a fault, also of -0
    if (!value || !std::in_range<int>(*value))
      return fault("has a database that is not a number", encoding_hint);
    add("number", std::to_string(*value));
  }

  void options(std::string_view query, Options allowed) {
    if (query.find('@') != std::string_view::npos)
      return fault("has an '@' after the '?'", encoding_hint);  // probably part of a password
    std::vector<std::string_view> seen;
    for (std::size_t number = 1; !query.empty(); ++number) {
      const std::size_t end = query.find('&');
      const std::string_view option = query.substr(0, end);
      query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
      const std::size_t equals = option.find('=');
      const std::string_view key = option.substr(0, equals);
      if (number > most_options) return fault("has too many options", known(allowed));
      if (!contains(names(allowed), key)) {
        unknown_option(key, number, allowed);
      } else if (equals == std::string_view::npos) {
        fault("has the option " + std::string(key) + " without a value", known(allowed));
      } else if (contains(seen, key)) {
        fault("has the option " + std::string(key) + " twice", "set it once");
      } else {
        seen.push_back(key);
        if (allowed == Options::database)
          database(option.substr(equals + 1));
        else
          tls_option(key, option.substr(equals + 1));
      }
    }
  }

  // Repeats names that are near to a known option, and options of other clients. Any other may be a secret.
  void unknown_option(std::string_view key, std::size_t number, Options allowed) {
    const std::string_view meant = key.size() < 5 ? std::string_view() : detail::nearest(key, names(allowed));
    const bool public_name =
        !meant.empty() || contains(option_names(true), key) || contains(foreign_options, key);
    const std::string which = public_name ? std::string(key) : "(number " + std::to_string(number) + ")";
    fault("has the unknown option " + which,
          meant.empty() ? known(allowed) : "did you mean " + std::string(meant) + "?");
  }

  static std::vector<std::string_view> names(Options allowed) {
    if (allowed == Options::none) return {};
    return option_names(allowed == Options::tls);
  }

  static const char* known(Options allowed) {
    switch (allowed) {
      case Options::database: return "only db=number is supported; set other options in DatabaseConfig";
      case Options::tls:
        return "supported are tls_ca_file, tls_ca_directory, tls_certificate, tls_key, tls_server_name, "
               "tls_verify and tls_minimum, each with a value; write the database after the '/', and set "
               "other "
               "options in DatabaseConfig";
      case Options::none: break;
    }
    return "no option is supported; write the database after the '/', use rediss:// for TLS, and set other "
           "options in DatabaseConfig";
  }

  // Precondition: the option is one of TLS.
  void tls_option(std::string_view option, std::string_view value) {
    const detail::Key& key = key_of_option(option);
    const std::string with = "has the option " + std::string(option) + " with ";
    if (key.kind == detail::Kind::choice) {
      if (detail::fault_of_value(key, value)) {
        std::string values;
        for (const std::string_view choice : key.choices)
          values += (values.empty() ? "use " : " or ") + std::string(option) + "=" + std::string(choice);
        fault(with + "an unknown value", std::move(values));
      }
      return add(key.name, std::string(value));
    }
    auto decoded = percent_decoded(value);
    if (!decoded || decoded->empty() || detail::fault_of_value(key, *decoded))
      fault(with + "an empty or invalid value", "write %XX with two hex digits, and no control characters");
    else
      add(key.name, std::move(*decoded));
  }

  static bool has_control(std::string_view text) { return !detail::has_no_control(text); }

  void add(std::string_view key, std::string text) {
    parts_.push_back({key, Secret(std::move(text)), false});
  }

  void fault(std::string what, std::string remedy) {
    faults_.push_back({std::string(where_), std::move(what), std::move(remedy)});
  }

  static constexpr std::size_t most_options = 16;  // bounds the faults of hostile input

  std::string_view where_;
  std::vector<detail::UrlPart> parts_{};
  std::vector<ConfigFault> faults_{};
};

}  // namespace

namespace detail {

UrlContent read_url(std::string_view url, std::string_view where) { return UrlReader(where).read(url); }

}  // namespace detail

std::vector<ConfigFault> apply_url(std::string_view url, std::string_view where, DatabaseConfig& config) {
  detail::UrlContent content = detail::read_url(url, where);
  if (!content.faults.empty()) return std::move(content.faults);
  bool unix_socket = false;
  for (const detail::UrlPart& part : content.parts) {
    if (part.implied) continue;
    const detail::Key& key = detail::key_named(part.key);
    static_cast<void>(key.access.set(key, &config, part.text.reveal()));
    if (part.key == "unix_path") unix_socket = true;
  }
  if (!unix_socket) config.endpoint.unix_path.clear();
  return {};
}

}  // namespace redstart::inline v0
