// SPDX-License-Identifier: Apache-2.0
// http_routes.cpp: chooses and composes the response to a request.
#include "../observe/utc.hpp"
#include "accept.hpp"
#include "figures_text.hpp"
#include "nonce.hpp"
#include "request_head.hpp"
#include "status_view.hpp"

#include <redstart/core/error.hpp>
#include <redstart/health/health_json.hpp>
#include <redstart/http/http_routes.hpp>
#include <redstart/observe/stats_text.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace redstart::inline v0 {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view json_type = "application/json";
constexpr std::string_view debug_path = "/debug/health/redis";

HttpResponse respond_with(bool good, std::string_view type, std::string body) {
  HttpResponse response;
  response.status = good ? 200 : 503;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

HttpResponse json(bool good, std::string body) { return respond_with(good, json_type, std::move(body)); }

bool is_good(HealthStatus status) noexcept { return http_status(status) == 200; }

// The report without endpoints and messages of servers.
std::string summary_of(const HealthReport& report, const ReadyReport& ready) {
  Json json;
  json["status"] = std::string(to_string(report.status));
  json["healthy"] = is_good(report.status);
  Json& services = json["services"] = Json::array();
  for (const DatabaseHealth& database : report.databases) {
    const auto at =
        std::find_if(ready.services.begin(), ready.services.end(),
                     [&database](const ServiceReadiness& one) { return one.name == database.name; });
    Json entry;
    entry["name"] = database.name;
    entry["status"] = std::string(to_string(database.status));
    entry["message"] = at == ready.services.end() ? std::string() : at->message;
    entry["required"] = database.required;
    services.push_back(std::move(entry));
  }
  json["timestamp"] = utc_text(report.timestamp);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As the probes of Kubernetes answer: `ok`, or a line for each check.
HttpResponse probe_text(std::string_view name, bool passed, const std::vector<ServiceReadiness>& checks,
                        bool verbose) {
  if (passed && !verbose) return respond_with(true, "text/plain; charset=utf-8", "ok");
  std::string text;
  for (const ServiceReadiness& check : checks) {
    text += std::string(check.ready ? "[+]" : "[-]") + check.name + (check.ready ? " ok" : " failed");
    if (!check.required) text += " (optional)";
    if (!check.ready && !check.message.empty()) text += ": " + check.message;
    text += '\n';
  }
  text += std::string(name) + (passed ? " check passed\n" : " check failed\n");
  return respond_with(passed, "text/plain; charset=utf-8", std::move(text));
}

// Nothing is cached, guessed, framed or read by other origins.
void secure(HttpResponse& response) {
  const auto add = [&response](std::string name, std::string value) {
    if (response.header(name).empty()) response.headers.push_back({std::move(name), std::move(value)});
  };
  add("Cache-Control", "no-store");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Content-Security-Policy",
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

HttpResponse page_of(const http::StatusView& view) {
  const std::string nonce = http::nonce();
  HttpResponse response = respond_with(true, "text/html; charset=utf-8", http::to_page(view, nonce));
  response.headers.push_back(
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce +
           "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'"});
  return response;
}

HttpSite checked(HttpSite site) {
  if (site.statistics && site.health && site.live && site.ready && site.startup) return site;
  throw ConfigError({{.where = "HttpSite", .what = "a function is not set", .remedy = "set all of them"}});
}

HttpRoutesConfig checked(HttpRoutesConfig config) {
  const std::string& prefix = config.prefix;
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  const bool good = prefix.empty() || (prefix.front() == '/' && prefix.back() != '/' &&
                                       prefix.find_first_not_of(allowed) == std::string::npos);
  if (good) return config;
  throw ConfigError({{.where = "HttpRoutesConfig::prefix",
                      .what = "\"" + prefix + "\" is no path",
                      .remedy = "empty, or a path such as /redis that does not end with /"}});
}

}  // namespace

HttpRoutes::HttpRoutes(HttpSite site, HttpRoutesConfig config)
    : site_(checked(std::move(site))), config_(checked(std::move(config))) {}

HttpResponse HttpRoutes::operator()(const HttpRequest& request) const {
  HttpResponse response = http::refusal(404, "there is nothing here");
  if (request.method != "GET" && request.method != "HEAD") {
    response = http::refusal(405, "only GET and HEAD are served");
    response.headers.push_back({"Allow", "GET, HEAD"});
  } else if (request.path.starts_with(config_.prefix)) {
    const std::string path = request.path.substr(config_.prefix.size());
    if (path.empty() && config_.page) {
      response = http::refusal(308, "the page is here");
      response.headers.push_back({"Location", config_.prefix + "/"});
    } else if (path.starts_with('/')) {
      response = respond(request, path);
    }
  }
  secure(response);
  return response;
}

HttpResponse HttpRoutes::respond(const HttpRequest& request, const std::string& path) const {
  const bool verbose = http::has_option(request.query, "verbose");
  if (path == "/health/live") return json(true, to_json(site_.live()));
  if (path == "/livez") return probe_text("livez", true, {{"ping", true, {}, true}}, verbose);
  if (path == "/health/ready") {
    const ReadyReport report = site_.ready();
    return json(report.ready, to_json(report));
  }
  if (path == "/readyz") {
    const ReadyReport report = site_.ready();
    return probe_text("readyz", report.ready, report.services, verbose);
  }
  if (path == "/health/startup") {
    const StartupReport report = site_.startup();
    return json(report.started, to_json(report));
  }
  if (path == "/health") {
    const HealthReport report = site_.health();
    const bool good = is_good(report.status);
    if (http::accepts(request.accept, health_json_type))
      return respond_with(good, health_json_type, to_health_json(report));
    return json(good, summary_of(report, site_.ready()));
  }
  if (config_.metrics && path == "/metrics") {
    const MetricsFormat format = metrics_format(request.accept);
    return respond_with(true, content_type(format), to_prometheus(site_.statistics(), format));
  }
  if (config_.page && (path == "/" || path == "/status"))
    return page_of(http::status_view(site_.statistics(), site_.health()));
  if (config_.page && path == "/status.json")
    return json(true, http::to_json(http::status_view(site_.statistics(), site_.health())));
  if (config_.details && path.starts_with(debug_path)) {
    const std::string_view rest = std::string_view(path).substr(debug_path.size());
    const auto section = rest.starts_with('/') ? health_section(rest.substr(1)) : std::nullopt;
    if (rest.empty() || section) {
      const HealthReport report = site_.health();
      return json(is_good(report.status), section ? to_json(report, *section) : to_json(report));
    }
  }
  return http::refusal(404, "there is nothing here");
}

}  // namespace redstart::inline v0
