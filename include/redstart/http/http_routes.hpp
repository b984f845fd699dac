// SPDX-License-Identifier: Apache-2.0
// http_routes.hpp: answers to probes, metrics and the status page, without a socket.
#pragma once

#include <redstart/health/health_monitor.hpp>
#include <redstart/health/health_report.hpp>
#include <redstart/http/http_message.hpp>
#include <redstart/manager/redis_connection_manager.hpp>
#include <redstart/observe/stats.hpp>

#include <functional>
#include <string>

namespace redstart::inline v0 {

/// Where the routes get their facts. All functions must be set, must not block, and may be called on several
/// threads at once.
struct HttpSite {
  std::function<ManagerStats()> statistics{};
  std::function<HealthReport()> health{};
  std::function<LiveReport()> live{};
  std::function<ReadyReport()> ready{};
  std::function<StartupReport()> startup{};
};

struct HttpRoutesConfig {
  /// The beginning of all paths, such as `/redis`. Empty, or `/` and then letters, digits, and `-._~/`; it
  /// does not end with `/`.
  std::string prefix{};
  /// Serves the status page at `/` and `/status`, and its figures at `/status.json`.
  bool page = true;
  /// Serves `/debug/health/redis` and what is below it. These reports name endpoints.
  bool details = true;
  /// Serves `/metrics`.
  bool metrics = true;
};

/// The routes of `docs/http.md`. Each answer comes from the last report of the monitor and the counters of
/// the manager: no route waits for a server.
///
/// 200 if the databases are healthy or degraded, 503 if not; liveness is always 200.
///
/// Use it as the handler of `HttpServer`, or call it in a server of the service.
///
/// Thread safety: full.
class HttpRoutes {
 public:
  /// Lifetimes: manager and monitor must outlive the routes and their copies.
  ///
  /// Errors: `ConfigError` if the prefix is malformed.
  HttpRoutes(const RedisConnectionManager& manager, const HealthMonitor& monitor,
             HttpRoutesConfig config = {});
  /// For facts of another origin, as in tests.
  explicit HttpRoutes(HttpSite site, HttpRoutesConfig config = {});

  /// Errors: std::bad_alloc.
  [[nodiscard]] HttpResponse operator()(const HttpRequest& request) const;

 private:
  [[nodiscard]] HttpResponse respond(const HttpRequest& request, const std::string& path) const;

  HttpSite site_;
  HttpRoutesConfig config_;
};

}  // namespace redstart::inline v0
