// SPDX-License-Identifier: Apache-2.0
// http_server_test.cpp: HTTP/1.1 as the server speaks it, with limits and hostile clients.
#include <redstart/core/error.hpp>
#include <redstart/http/http_server.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/forked_child.hpp"
#include "support/free_port.hpp"
#include "support/http_client.hpp"
#include "support/managers.hpp"
#include "support/sanitizers.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

HttpConfig any_port() {
  HttpConfig config;
  config.port = 0;
  return config;
}

// Answers with what was asked for.
HttpResponse echo(const HttpRequest& request) {
  HttpResponse response;
  if (request.path == "/throw") throw std::runtime_error("secret");
  if (request.path == "/throw-number") throw 1;
  if (request.path == "/large")
    response.body.assign(std::size_t{8} << 20U, 'x');
  else
    response.body = request.method + ' ' + request.path + '?' + request.query + ' ' + request.accept;
  response.headers.push_back({"X-Test", "yes"});
  return response;
}

class EchoServer {
 public:
  explicit EchoServer(HttpConfig config = any_port()) : server_(std::move(config), echo) { server_.start(); }
  HttpServer* operator->() noexcept { return &server_; }
  [[nodiscard]] HttpClient client() const { return HttpClient(server_.port()); }

 private:
  HttpServer server_;
};

TEST(HttpServer, ServesSeveralRequestsOverOneConnection) {
  EchoServer server;
  HttpClient client = server.client();
  for (int i = 0; i != 3; ++i) {
    const HttpAnswer answer = client.get("/a?b", "Accept: text/html\r\nAccept: */*\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a?b text/html,*/*");
    EXPECT_EQ(answer.header("x-test"), "yes");
    EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size()));
    EXPECT_TRUE(answer.header("date").ends_with(" GMT"));
    EXPECT_EQ(answer.header("connection"), "");
  }
}

TEST(HttpServer, AnswersHeadWithoutBody) {
  EchoServer server;
  HttpClient client = server.client();
  const HttpAnswer answer = client.get("/a", {}, "HEAD");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "9");
  EXPECT_EQ(client.get("/b").body, "GET /b? ");  // no byte of a body came before
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  EchoServer server;
  HttpClient client = server.client();
  std::string requests;
  for (int i = 0; i != 20; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(requests);
  for (int i = 0; i != 20; ++i) EXPECT_EQ(client.receive().body, "GET /" + std::to_string(i) + "? ");
}

TEST(HttpServer, ClosesWhenTheClientAsksForIt) {
  EchoServer server;
  HttpClient client = server.client();
  const HttpAnswer answer = client.get("/", "Connection: close\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST(HttpServer, ClosesConnectionsOfHttp10UnlessTheyAskForMore) {
  EchoServer server;
  HttpClient client = server.client();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive().header("connection"), "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.ends());
}

TEST(HttpServer, ClosesEachConnectionWithoutKeepAlive) {
  HttpConfig config = any_port();
  config.keep_alive = false;
  EchoServer server(config);
  HttpClient client = server.client();
  EXPECT_EQ(client.get("/").header("connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST(HttpServer, ServesTheNamesOfItsConfiguration) {
  HttpConfig config = any_port();
  config.hosts = {"shop.example"};
  EchoServer server(config);
  HttpClient client = server.client();
  for (const std::string host : {"shop.example", "127.0.0.1", "[::1]:80", "10.1.2.3:8080"}) {
    client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200) << host;
  }
}

struct Refused {
  std::string request;
  int status;
};

TEST(HttpServer, RefusesAndCloses) {
  const std::string host = "Host: localhost\r\n";
  const std::vector<Refused> rows = {
      {"\r\n\r\n\r\n", 400},
      {"hello\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {"GET http://evil.example/ HTTP/1.1\r\n" + host + "\r\n", 421},
      {"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "no colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\n" + host + "\n", 400},
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/9.9\r\n" + host + "\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},  // HTTP/2
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc", 405},
      {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 405},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc", 413},
      {"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413},
      {"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 413},
      // Two lengths, of which a proxy before the server may have used the other.
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
      {"GET /" + std::string(3'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},  // a client of TLS
  };
  EchoServer server;
  for (const Refused& row : rows) {
    HttpClient client = server.client();
    // The request that would follow must not be served.
    client.send(row.request + "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const HttpAnswer answer = client.receive();
    EXPECT_EQ(answer.status, row.status) << row.request.substr(0, 80);
    EXPECT_EQ(answer.header("connection"), "close") << row.request.substr(0, 80);
    EXPECT_EQ(answer.header("allow"), row.status == 405 ? "GET, HEAD" : "");
    client.half_close();
    EXPECT_TRUE(client.ends()) << row.request.substr(0, 80);
  }
}

TEST(HttpServer, AnswersWith500WhenTheHandlerThrows) {
  EchoServer server;
  HttpClient client = server.client();
  const HttpAnswer answer = client.get("/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.get("/throw-number").status, 500);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST(HttpServer, ClosesIdleConnectionsAtTheirLimit) {
  HttpConfig config = any_port();
  config.idle_timeout = milliseconds(50);
  EchoServer server(config);
  HttpClient silent = server.client();
  EXPECT_TRUE(silent.ends());
  HttpClient client = server.client();
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_TRUE(client.ends());
}

TEST(HttpServer, ClosesConnectionsWhoseRequestTakesTooLong) {
  HttpConfig config = any_port();
  config.header_timeout = milliseconds(100);
  EchoServer server(config);
  HttpClient client = server.client();
  const auto start = Steady::now();
  // Bytes that trickle in don't extend the limit.
  while (client.send("X") && client.is_quiet_for(milliseconds(5)) && Steady::now() < start + slack) {
  }
  EXPECT_TRUE(client.ends());
  EXPECT_LT(Steady::now() - start, slack);
}

TEST(HttpServer, SendsLargeResponses) {
  EchoServer server;
  EXPECT_EQ(server.client().get("/large").body.size(), std::size_t{8} << 20U);
}

TEST(HttpServer, ClosesConnectionsThatDontReadTheirResponse) {
  HttpConfig config = any_port();
  config.write_timeout = milliseconds(20);
  EchoServer server(config);
  // A server on a machine that stalls may notice late, so this is tried again.
  EXPECT_TRUE(eventually([&server] {
    HttpClient client = server.client();
    client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let_pass(milliseconds(100));
    return client.receive().status == 0;
  }));
}

TEST(HttpServer, ClosesTheOldestIdleConnectionToAcceptAnother) {
  HttpConfig config = any_port();
  config.max_connections = 3;
  EchoServer server(config);
  std::vector<HttpClient> clients;
  for (int i = 0; i != 3; ++i) {
    clients.push_back(server.client());
    ASSERT_EQ(clients.back().get("/").status, 200);
  }
  ASSERT_EQ(clients[0].get("/").status, 200);  // the second is now idle for longest
  ASSERT_EQ(server.client().get("/").status, 200);
  EXPECT_TRUE(clients[1].ends());
  EXPECT_EQ(clients[0].get("/").status, 200);
  EXPECT_EQ(clients[2].get("/").status, 200);
}

TEST(HttpServer, AcceptsAnotherConnectionWhenAllSendSlowly) {
  HttpConfig config = any_port();
  config.max_connections = 4;
  EchoServer server(config);
  std::vector<HttpClient> slow;
  for (int i = 0; i != 8; ++i) {
    slow.push_back(server.client());
    slow.back().send("GET / HTTP");
  }
  EXPECT_EQ(server.client().get("/").status, 200);
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(HttpServer, ThousandIdleConnectionsLeaveItAnswering) {
  EchoServer server;
  ASSERT_EQ(server.client().get("/").status, 200);
  const std::size_t before = resident_bytes();
  std::vector<HttpClient> idle;
  for (int i = 0; i != 1'000; ++i) {
    idle.push_back(server.client());
    if (i % 100 != 0) continue;
    EXPECT_EQ(server.client().get("/").status, 200) << i;
  }
  EXPECT_EQ(server.client().get("/").status, 200);
  EXPECT_TRUE(idle.front().ends());
  if constexpr (!with_address_sanitizer && !with_thread_sanitizer) {
    EXPECT_LT(resident_bytes(), before + (std::size_t{8} << 20U));
  }
}

// A request with a few bytes changed, or parts of several.
std::string mutated(std::mt19937& random) {
  static const std::vector<std::string> seeds = {
      "GET /health HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n",
      "HEAD /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
      "GET http://localhost/livez?verbose HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\nX-Folded: a\r\n b\r\nContent-Length: "
      "18446744073709551616\r\n\r\n",
  };
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::string text = seeds[below(seeds.size())];
  for (std::size_t i = below(8) + 1; i != 0; --i) {
    const std::size_t at = below(text.size());
    switch (below(6)) {
      case 0: text[at] = static_cast<char>(random()); break;
      case 1: text.erase(at, below(8) + 1); break;
      case 2: text.insert(at, 1 + below(40), static_cast<char>(random())); break;
      case 3: text.insert(at, "\r\n"); break;
      case 4: text.insert(at, seeds[below(seeds.size())].substr(below(20))); break;
      default: text.insert(at, std::string(below(200), 'a') + ": b\r\n"); break;
    }
    if (text.empty()) text = "x";
  }
  return text;
}

TEST(HttpServer, TenThousandMalformedRequestsLeaveItAnswering) {
  HttpConfig config = any_port();
  config.header_timeout = milliseconds(200);
  EchoServer server(config);
  ASSERT_EQ(server.client().get("/").status, 200);
  const std::size_t before = resident_bytes();
  std::mt19937 random(20261201);
  std::size_t refused = 0;
  for (int i = 0; i != 10'000; ++i) {
    HttpClient client = server.client();
    client.send(mutated(random));
    client.half_close();
    const std::string answer = client.rest();
    ASSERT_TRUE(answer.empty() || answer.starts_with("HTTP/1.")) << answer;
    refused += answer.find(" 40") == 8 ? 1U : 0U;
    if (i % 1'000 != 0) continue;
    ASSERT_EQ(server.client().get("/").status, 200) << i;
  }
  EXPECT_EQ(server.client().get("/").status, 200);
  EXPECT_GT(refused, 1'000U);
  if constexpr (!with_address_sanitizer && !with_thread_sanitizer) {
    EXPECT_LT(resident_bytes(), before + (std::size_t{8} << 20U));
  }
}

TEST(HttpServer, AnswersManyClientsAtOnce) {
  EchoServer server;
  std::atomic<int> good{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t != 16; ++t) {
    threads.emplace_back([&server, &good, t] {
      HttpClient client = server.client();
      for (int i = 0; i != 100; ++i) {
        const std::string path = '/' + std::to_string(t * 1'000 + i);
        if (client.get(path).body == "GET " + path + "? ") ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good.load(), 1'600);
}

TEST(HttpServer, StopsAndStartsAgain) {
  EchoServer server;
  const std::uint16_t port = server->port();
  EXPECT_TRUE(server->running());
  HttpClient idle = server.client();
  EXPECT_EQ(idle.get("/").status, 200);
  server->start();  // no effect
  EXPECT_EQ(server->port(), port);
  server->stop();
  EXPECT_FALSE(server->running());
  EXPECT_EQ(server->port(), 0);
  EXPECT_TRUE(idle.ends());
  EXPECT_THROW(HttpClient{port}, std::runtime_error);
  server->stop();  // no effect
  server->start();
  EXPECT_EQ(server.client().get("/").status, 200);
}

TEST(HttpServer, StopEndsResponsesThatNobodyReads) {
  EchoServer server;
  HttpClient client = server.client();
  client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  let_pass(milliseconds(20));
  const auto start = Steady::now();
  server->stop();
  EXPECT_LT(Steady::now() - start, slack);
}

TEST(HttpServer, ReportsAddressAndPortThatCantBeUsed) {
  EchoServer first;
  HttpConfig config = any_port();
  config.port = first->port();
  HttpServer second(config, echo);
  try {
    second.start();
    FAIL() << "two servers listen on one port";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    const std::string text = error.what();
    EXPECT_NE(text.find("127.0.0.1:" + std::to_string(config.port)), std::string::npos) << text;
  }
  EXPECT_FALSE(second.running());
}

TEST(HttpServer, ReportsEveryFaultOfItsSettings) {
  HttpConfig config;
  config.address = "localhost";
  config.max_connections = 0;
  try {
    HttpServer server(config, echo);
    FAIL() << "faults were accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.faults().size(), 2U);
  }
}

TEST(HttpServer, BelongsToTheParentAfterAFork) {
  auto server = std::make_unique<HttpServer>(any_port(), echo);
  server->start();
  HttpClient client(server->port());
  ASSERT_EQ(client.get("/").status, 200);
  EXPECT_EQ(complaints_of_child([&server]() -> std::string {
              if (server->running() || server->port() != 0) return "it runs in the child";
              server->stop();
              server.reset();
              return {};
            }),
            "");
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(HttpClient(server->port()).get("/").status, 200);
}

}  // namespace
}  // namespace redstart::test
