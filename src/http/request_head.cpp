// SPDX-License-Identifier: Apache-2.0
// request_head.cpp: rules for requests that a parser has accepted.
#include "request_head.hpp"

#include <utility>

namespace redstart::inline v0::http {

namespace {

// Removes `http://host` from a target that names the host: proxies send such targets.
std::string_view without_origin(std::string_view target) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = target.find_first_of("/?");
    if (end == std::string_view::npos) return "/";
    return target.substr(end);
  }
  return target;
}

}  // namespace

HttpResponse refusal(unsigned status, std::string_view reason) {
  HttpResponse response;
  response.status = status;
  response.body = std::to_string(status) + ' ' + std::string(reason) + '\n';
  return response;
}

std::variant<HttpRequest, HttpResponse> accept_request(RequestHead head) {
  if (head.target.size() > max_target) return refusal(414, "the target is too long");
  if (head.hosts > 1) return refusal(400, "more than one Host");
  if (head.hosts == 0 && head.version >= 11) return refusal(400, "no Host");
  if (head.method != "GET" && head.method != "HEAD") {
    HttpResponse response = refusal(405, "only GET and HEAD are served");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  if (head.has_body) return refusal(413, "no body is accepted");
  const std::string_view target = without_origin(head.target);
  if (!target.starts_with('/') && !target.starts_with('?')) return refusal(400, "the target is no path");

  HttpRequest request;
  request.method = head.method;
  const std::size_t end = target.find('?');
  if (end != 0) request.path = target.substr(0, end);
  if (end != std::string_view::npos) request.query = target.substr(end + 1);
  request.accept = std::move(head.accept);
  return request;
}

}  // namespace redstart::inline v0::http
