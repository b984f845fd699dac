// SPDX-License-Identifier: Apache-2.0
// http_site.cpp: takes the facts of the routes from a manager and a monitor.
#include <redstart/http/http_routes.hpp>

#include <utility>

namespace redstart::inline v0 {

HttpRoutes::HttpRoutes(const RedisConnectionManager& manager, const HealthMonitor& monitor,
                       HttpRoutesConfig config)
    : HttpRoutes(HttpSite{.statistics = [&manager] { return manager.stats(); },
                          .health = [&monitor] { return monitor.status(); },
                          .live = [&monitor] { return monitor.live(); },
                          .ready = [&monitor] { return monitor.ready(); },
                          .startup = [&monitor] { return monitor.startup(); }},
                 std::move(config)) {}

}  // namespace redstart::inline v0
