// SPDX-License-Identifier: Apache-2.0
// tls_name.cpp: derives the name of a TLS server from settings and host.
#include "tls_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <algorithm>

namespace redstart::inline v0::net {

namespace {

bool is_address(const std::string& name) noexcept {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

}  // namespace

TlsName TlsName::of(const TlsConfig& config, std::string_view host) {
  TlsName name{config.server_name.empty() ? std::string(host) : config.server_name, false};
  name.text.resize(std::min(name.text.size(), name.text.find('%')));
  if (name.text.ends_with('.')) name.text.pop_back();
  name.address = is_address(name.text);
  return name;
}

bool TlsName::verifiable() const noexcept {
  return !text.empty() && text.front() != '.' && text.find('\0') == std::string::npos;
}

}  // namespace redstart::inline v0::net
