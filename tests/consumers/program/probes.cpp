// SPDX-License-Identifier: Apache-2.0
// probes.cpp: smallest use of the HTTP component: a server for the probes of a manager.
#include <redstart/health/health_monitor.hpp>
#include <redstart/http/http_routes.hpp>
#include <redstart/http/http_server.hpp>

int main() {
  redstart::RedisConnectionManager redis;
  redstart::HealthMonitor monitor(redis);
  redstart::HttpServer server({.port = 0}, redstart::HttpRoutes(redis, monitor));
  server.start();
  return server.running() ? 0 : 1;
}
