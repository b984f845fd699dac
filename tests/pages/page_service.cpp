// SPDX-License-Identifier: Apache-2.0
// page_service.cpp: a service with an HTTP server and a private Redis, driven by lines.
//
//   page_service [TEXT]     With a text, the server of the database answers everything by this error.
//
// Prints the port of its HTTP server. Then it reads commands from standard input and answers each by one
// line:
//
//   work N      N threads begin to set keys
//   stop        they end; prints how many commands they have made
//   errors N    N scripts fail, each with an error word of its own
//   kill        kills Redis
//   restart     starts it again
//
// It ends with its standard input. Exit code: 77 if there is no redis-server.
#include <redstart/health/health_monitor.hpp>
#include <redstart/http/http_routes.hpp>
#include <redstart/http/http_server.hpp>
#include <redstart/redstart.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_server.hpp"

namespace redstart::test {
namespace {

RedisConfig shop_at(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.start_timeout = std::chrono::milliseconds(0);
  config.service = "shop";
  config.database("main").required = true;
  return config;
}

HttpConfig http_on_any_port() {
  HttpConfig config;
  config.port = 0;
  return config;
}

class PageService {
 public:
  explicit PageService(std::string_view text) : manager_(shop_at(start_hostile(text))) {
    monitor_.start();
    http_.start();
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return http_.port(); }

  /// Returns the answer.
  std::string run(std::string_view command, const std::string& argument) {
    if (command == "work") return work(std::stoi(argument));
    if (command == "stop") return stop();
    if (command == "errors") return fail(std::stoi(argument));
    if (command == "kill") server_.kill();
    if (command == "restart") server_.restart();
    return "done";
  }

 private:
  // Returns the port of the database.
  std::uint16_t start_hostile(std::string_view text) {
    if (text.empty()) return server_.port();
    hostile_.emplace([reply = "-ERR " + std::string(text) + "\r\n"](FakeConnection& connection, std::size_t) {
      connection.serve([&reply](const FakeConnection::Words&) { return reply; });
    });
    return hostile_->port();
  }
  std::string work(int threads) {
    working_ = true;
    for (int t = 0; t != threads; ++t) {
      workers_.emplace_back([this, t] {
        const auto db = manager_->client("main").results();
        for (int i = 0; working_; ++i) {
          static_cast<void>(db.set("page_service:" + std::to_string(t), i));
          ++commands_;
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      });
    }
    return "done";
  }
  std::string stop() {
    working_ = false;
    workers_.clear();
    return std::to_string(commands_.load());
  }
  std::string fail(int times) {
    const auto db = manager_->client("main").results();
    for (int i = 0; i != times; ++i)
      static_cast<void>(
          db.command<std::string>("EVAL", "return redis.error_reply('WORD'..ARGV[1]..' is invented')", 0, i));
    return "done";
  }

  RedisServer server_{};
  std::optional<FakeServer> hostile_{};
  StartedManager manager_;
  HealthMonitor monitor_{*manager_};
  HttpServer http_{http_on_any_port(), HttpRoutes(*manager_, monitor_)};
  std::atomic<bool> working_{true};
  std::atomic<std::uint64_t> commands_{0};
  std::vector<std::jthread> workers_{};
};

int serve_lines(std::string_view text) {
  if (!RedisServer::available()) {
    std::cout << "there is no redis-server" << std::endl;
    return 77;
  }
  PageService service(text);
  std::cout << service.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t end = line.find(' ');
    const std::string argument = end == std::string::npos ? std::string() : line.substr(end + 1);
    std::cout << service.run(line.substr(0, end), argument) << std::endl;
  }
  service.run("stop", {});
  return 0;
}

}  // namespace
}  // namespace redstart::test

int main(int argc, char** argv) try {
  return redstart::test::serve_lines(argc > 1 ? argv[1] : "");
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
