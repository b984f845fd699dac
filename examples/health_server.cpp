// SPDX-License-Identifier: Apache-2.0
// health_server.cpp: a small service with probes, metrics and a status page.
//
// REDIS_URL names the server; without it localhost:6379 is used. The program asks its own server once for
// each route and ends. With --serve it goes on until Ctrl-C: open the page in a browser.
#include <redstart/health/health_monitor.hpp>
#include <redstart/http/http_routes.hpp>
#include <redstart/http/http_server.hpp>
#include <redstart/sync.hpp>

#include <CLI/CLI.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The work of the service: each thread counts visits, a few hundred per second.
class Work {
 public:
  explicit Work(redstart::RedisConnectionManager& redis) {
    for (int i = 0; i != 4; ++i) threads_.emplace_back([this, &redis] { run(redis); });
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() { stop_ = true; }

 private:
  void run(redstart::RedisConnectionManager& redis) {
    const auto db = redis.client("main").results();  // errors are values: an outage doesn't end the thread
    for (unsigned i = 0; !stop_; ++i) {
      static_cast<void>(db.incr("health_server:visits"));
      static_cast<void>(db.get("health_server:visits"));
      std::this_thread::sleep_for(std::chrono::milliseconds(2 + i / 100 % 8));
    }
  }

  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_{};  // joined before the flag is destroyed
};

// The first line of the response.
std::string status_of(const redstart::HttpServer& server, const std::string& path) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), server.port()});
  asio::write(socket,
              asio::buffer("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  std::string response;
  boost::system::error_code end;
  asio::read(socket, asio::dynamic_buffer(response), end);
  return response.substr(0, response.find('\r'));
}

int show_routes(const redstart::HttpServer& server, const std::string& prefix) {
  bool good = true;
  for (const char* path :
       {"/livez", "/readyz?verbose", "/health", "/health/live", "/health/ready", "/health/startup",
        "/debug/health/redis", "/debug/health/redis/performance", "/metrics", "/status.json", "/"}) {
    const std::string status = status_of(server, prefix + path);
    good = good && status == "HTTP/1.1 200 OK";
    std::cout << status << "  " << prefix << path << '\n';
  }
  return good ? 0 : 1;
}

void wait_for_ctrl_c() {
  asio::io_context context;
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([](const boost::system::error_code&, int) {});
  context.run();
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("A small service with probes, metrics and a status page");
  bool serve = false;
  redstart::HttpConfig http;
  http.port = 0;
  redstart::HttpRoutesConfig routes;
  app.add_flag("--serve", serve, "Go on until Ctrl-C");
  app.add_option("--address", http.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", http.port, "Port to listen on; 0: a free one")->capture_default_str();
  app.add_option("--prefix", routes.prefix, "Beginning of all paths");
  CLI11_PARSE(app, argc, argv);

  auto& redis = redstart::RedisConnectionManager::instance();
  redis.start(redstart::RedisConfigLoader{}.load());
  redstart::HealthMonitor monitor(redis);
  static_cast<void>(monitor.check());  // so that the first probe has a report
  monitor.start();
  redstart::HttpServer server(http, redstart::HttpRoutes(redis, monitor, routes));
  server.start();

  const Work work(redis);
  std::cout << "http://" << http.address << ':' << server.port() << routes.prefix << "/\n" << std::flush;
  if (!serve) return show_routes(server, routes.prefix);
  wait_for_ctrl_c();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
