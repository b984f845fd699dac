// SPDX-License-Identifier: Apache-2.0
// embedding.cpp: Redstart inside an Asio service with threads, TCP connections and signals.
//
// The service speaks one line per request: `HIT <page>` counts a visit, `TOP` names the most visited page.
// Without arguments it serves three clients of its own and ends. With --port it serves until Ctrl-C.
#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <CLI/CLI.hpp>

#include <atomic>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using redstart::AsyncClient;

constexpr const char* ranking = "embedding:ranking";

asio::awaitable<std::string> answer(const AsyncClient& db, std::string request) {
  if (request.starts_with("HIT ")) {
    const double visits = co_await db.zincrby(ranking, 1, request.substr(4));
    co_return std::to_string(static_cast<long>(visits));
  }
  if (request == "TOP") {
    const auto best = co_await db.zrevrange(ranking, 0, 0);
    co_return best.empty() ? "(nobody came)" : best.front();
  }
  co_return "unknown request";
}

// One client of the service. If Redis is away, this client gets an error and the service continues.
asio::awaitable<void> serve_client(tcp::socket socket, AsyncClient db) {
  std::string buffer;
  for (;;) {
    const std::size_t size =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), '\n', asio::use_awaitable);
    std::string request = buffer.substr(0, size - 1);
    buffer.erase(0, size);
    std::string reply;
    try {
      reply = co_await answer(db, std::move(request));
    } catch (const redstart::Error& error) {
      reply = "503 " + std::string(to_string(error.code()));
    }
    reply += '\n';
    co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
  }
}

asio::awaitable<void> accept_clients(tcp::acceptor& acceptor, AsyncClient db) {
  for (;;) {
    tcp::socket socket =
        co_await acceptor.async_accept(asio::make_strand(acceptor.get_executor()), asio::use_awaitable);
    const auto executor = socket.get_executor();
    asio::co_spawn(executor, serve_client(std::move(socket), db), asio::detached);
  }
}

asio::awaitable<std::string> ask(tcp::socket& socket, std::string request) {
  request += '\n';
  co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
  std::string reply;
  co_await asio::async_read_until(socket, asio::dynamic_buffer(reply), '\n', asio::use_awaitable);
  reply.pop_back();
  co_return reply;
}

// A client of our own, so that the example shows something.
asio::awaitable<void> visit(tcp::endpoint service, std::string page, int times) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(service, asio::use_awaitable);
  std::string visits;
  for (int i = 0; i < times; ++i) visits = co_await ask(socket, "HIT " + page);
  std::cout << page + " was visited " + visits + " times, most visited: " + co_await ask(socket, "TOP") +
                   "\n";
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint16_t port = 0;
  CLI::App app("embedding: Redstart inside an existing multi-threaded Asio service");
  app.add_option("--port", port, "Serve on this port of 127.0.0.1 until Ctrl-C");
  CLI11_PARSE(app, argc, argv);

  asio::io_context context(4);
  redstart::RedisConnectionManager redis;
  redis.start(redstart::RedisConfigLoader{}.load(), context.get_executor());

  tcp::acceptor acceptor(asio::make_strand(context), {asio::ip::address_v4::loopback(), port});
  asio::signal_set signals(context, SIGINT, SIGTERM);
  const auto stop = [&] {
    asio::post(acceptor.get_executor(), [&] { acceptor.close(); });
    signals.cancel();
    redis.shutdown();  // ends the calls in progress; then Redstart no longer keeps run() from returning
  };
  signals.async_wait([&](const auto& error, int) {
    if (error) return;
    stop();
    context.stop();  // clients that are still connected are dropped
  });
  asio::co_spawn(acceptor.get_executor(), accept_clients(acceptor, redis.async_client("main")),
                 asio::detached);

  std::atomic<int> visitors{0};
  if (port == 0) {
    visitors = 3;
    for (const char* page : {"/index", "/about", "/index"}) {
      asio::co_spawn(context, visit(acceptor.local_endpoint(), page, 100),
                     [&](const std::exception_ptr& error) {
                       if (--visitors == 0) stop();
                       if (error) std::rethrow_exception(error);
                     });
    }
  } else {
    std::cout << "serving on " << acceptor.local_endpoint() << '\n';
  }

  std::vector<std::thread> threads;  // the service's; Redstart has none
  for (int i = 1; i < 4; ++i) threads.emplace_back([&] { context.run(); });
  context.run();
  for (std::thread& thread : threads) thread.join();
  std::cout << "every thread has returned\n";
} catch (const std::exception& error) {
  std::cerr << "embedding: " << error.what() << '\n';
  return 1;
}
