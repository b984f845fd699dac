// SPDX-License-Identifier: Apache-2.0
// host_rule.hpp: by which names clients may address the server.
#pragma once

#include <redstart/http/http_config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::http {

/// The rule of `HttpConfig::hosts`. A page of another site can make a browser send requests to this server if
/// the site's name resolves to the server's address (DNS rebinding). Such requests have that name in `Host`.
class HostRule {
 public:
  /// Precondition: `config` has no fault.
  explicit HostRule(const HttpConfig& config);

  /// `authority`: a host with or without port, as in the header `Host`.
  [[nodiscard]] bool admits(std::string_view authority) const;

 private:
  bool all_;
  std::vector<std::string> names_{};  // in lower case; `.example.com` includes all names below example.com
};

/// True for a name that `HttpConfig::hosts` may have.
[[nodiscard]] bool is_host_name(std::string_view name) noexcept;

}  // namespace redstart::inline v0::http
