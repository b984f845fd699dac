// SPDX-License-Identifier: Apache-2.0
// request_head.hpp: decides whether a parsed request reaches the handler.
#pragma once

#include "host_rule.hpp"

#include <redstart/http/http_message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace redstart::inline v0::http {

/// The line and the headers of a request that a parser has accepted.
struct RequestHead {
  std::string_view method{};
  std::string_view target{};
  unsigned version = 11;    ///< 10 or 11.
  std::size_t hosts = 0;    ///< Headers `Host`.
  std::string_view host{};  ///< The first of them.
  bool has_body = false;    ///< It announces one, or has any `Transfer-Encoding`.
  std::string accept{};
};

/// The longest target: 2 KiB.
inline constexpr std::size_t max_target = 2048;

/// Returns the request for the handler, or the response that refuses it. A refused request may have a body,
/// so its connection must be closed.
[[nodiscard]] std::variant<HttpRequest, HttpResponse> accept_request(RequestHead head, const HostRule& rule);

/// A response whose body is the status and a reason, on one line.
[[nodiscard]] HttpResponse refusal(unsigned status, std::string_view reason);

}  // namespace redstart::inline v0::http
