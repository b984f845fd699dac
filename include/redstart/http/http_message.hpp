// SPDX-License-Identifier: Apache-2.0
// http_message.hpp: request and response as values, without a socket.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// One request, as far as routes need it. A service with its own HTTP server fills it and calls `HttpRoutes`.
struct HttpRequest {
  std::string method = "GET";  ///< As sent: methods are case-sensitive.
  std::string path = "/";      ///< As sent, from the first `/` to `?`. Not percent-decoded.
  std::string query{};         ///< The part after `?`.
  std::string accept{};        ///< The header `Accept`; several are joined by commas.
};

struct HttpHeader {
  std::string name{};
  std::string value{};
};

/// One response. The transport adds `Date`, `Content-Length` and `Connection`.
struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::vector<HttpHeader> headers{};  ///< All others.

  /// The value of the first header of this name, which is compared exactly; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    for (const HttpHeader& one : headers)
      if (one.name == name) return one.value;
    return {};
  }
};

/// Answers requests. It must not block: `HttpServer` calls it on its only thread.
using HttpHandler = std::function<HttpResponse(const HttpRequest& request)>;

}  // namespace redstart::inline v0
