// SPDX-License-Identifier: Apache-2.0
// request_head.cpp: rules for requests that a parser has accepted.
#include "request_head.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::http {

namespace {

// Moves `http://host` from a target that names the host, as proxies send it, to `head.host`: it replaces the
// header `Host`.
void split_target(RequestHead& head) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!head.target.starts_with(scheme)) continue;
    head.target.remove_prefix(scheme.size());
    const std::size_t end = std::min(head.target.find_first_of("/?"), head.target.size());
    head.host = head.target.substr(0, end);
    head.hosts = 1;
    head.target = end == head.target.size() ? "/" : head.target.substr(end);
    return;
  }
}

}  // namespace

HttpResponse refusal(unsigned status, std::string_view reason) {
  HttpResponse response;
  response.status = status;
  response.body = std::to_string(status) + ' ' + std::string(reason) + '\n';
  return response;
}

std::variant<HttpRequest, HttpResponse> accept_request(RequestHead head, const HostRule& rule) {
  if (head.target.size() > max_target) return refusal(414, "the target is too long");
  if (head.hosts > 1) return refusal(400, "more than one Host");
  if (head.hosts == 0 && head.version >= 11) return refusal(400, "no Host");
  split_target(head);
  // A client of HTTP/1.0 without `Host` is no browser.
  if (head.hosts != 0 && !rule.admits(head.host))
    return refusal(421, "this Host is not served: see HttpConfig::hosts");
  if (head.method != "GET" && head.method != "HEAD") {
    HttpResponse response = refusal(405, "only GET and HEAD are served");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  if (head.has_body) return refusal(413, "no body is accepted");
  const std::string_view target = head.target;
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
