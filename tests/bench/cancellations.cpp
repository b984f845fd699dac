// SPDX-License-Identifier: Apache-2.0
// cancellations.cpp: measures the cancellation of thousands of operations that wait for connections.
#include <redstart/redstart.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/redis_server.hpp"

namespace {

using namespace redstart;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

double ms(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Of the whole process.
Clock::duration processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double megabytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Handlers run on the thread that cancels: only one thread at a time may use a signal.
class Home {
 public:
  template <class Handler>
  auto bind(asio::cancellation_signal& signal, Handler handler) {
    return asio::bind_executor(context_, asio::bind_cancellation_slot(signal.slot(), std::move(handler)));
  }
  // Runs handlers until that many have counted themselves.
  void run(const std::size_t& count, std::size_t wanted) {
    const auto until = Clock::now() + 60s;
    while (count != wanted) {
      if (Clock::now() > until) throw std::runtime_error("cancelled operations do not complete");
      context_.restart();
      context_.run_one_for(1s);
    }
  }

 private:
  asio::io_context context_{1};
};

class Waiters {
 public:
  Waiters(Home& home, const AsyncClient& client, std::size_t count) : home_(home), signals_(count) {
    for (asio::cancellation_signal& signal : signals_)
      client.blpop("nobody:pushes",
                   {0ms})(home.bind(signal, [this](const std::exception_ptr&, auto&&) { ++ended_; }));
  }
  void cancel() {
    for (asio::cancellation_signal& signal : signals_) signal.emit(asio::cancellation_type::terminal);
  }
  void await_end() { home_.run(ended_, signals_.size()); }

 private:
  Home& home_;
  std::deque<asio::cancellation_signal> signals_;
  std::size_t ended_ = 0;
};

// Microseconds of this thread to cancel one GET, the best of many.
double cancel_a_get(Home& home, const AsyncClient& client) {
  double best = 1e9;
  for (int i = 0; i != 200; ++i) {
    asio::cancellation_signal signal;
    std::size_t ended = 0;
    client.get("key")(home.bind(signal, [&](const std::exception_ptr&, auto&&) { ++ended; }));
    const auto began = Clock::now();
    signal.emit(asio::cancellation_type::terminal);
    best = std::min(best, ms(Clock::now() - began) * 1000);
    home.run(ended, 1);
  }
  return best;
}

int run(std::size_t count) {
  const test::RedisServer server;
  RedisConfig config;
  config.service = "bench";
  config.defaults.endpoint = {"127.0.0.1", server.port(), {}};
  config.defaults.max_pending = 2 * count;
  RedisConnectionManager redis;
  redis.start(config);
  const AsyncClient client = redis.async_client("main");
  Home home;
  const double alone = cancel_a_get(home, client);
  double beside = 0;
  {
    Waiters few(home, client, 1000);
    beside = cancel_a_get(home, client);
    few.cancel();
    few.await_end();
  }
  Waiters waiters(home, client, count);
  std::this_thread::sleep_for(500ms);  // connections are open, the other operations wait
  ::malloc_trim(0);
  const double memory = megabytes();
  const auto processor = processor_time();
  const auto began = Clock::now();
  waiters.cancel();
  const auto blocked = Clock::now() - began;
  waiters.await_end();
  const auto ended = Clock::now() - began;
  std::printf(
      "waiters=%zu cpu_ms=%.1f emitting_ms=%.1f ended_ms=%.1f growth_mb=%.2f get_alone_us=%.2f "
      "get_beside_1000_us=%.2f\n",
      count, ms(processor_time() - processor), ms(blocked), ms(ended), std::max(0.0, megabytes() - memory),
      alone, beside);
  redis.shutdown(1s);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 3000;
  CLI::App app("redstart_cancellations: cancels BLPOPs, most of which wait for a connection");
  app.add_option("--waiters", count, "Number of operations");
  CLI11_PARSE(app, argc, argv);
  if (!redstart::test::RedisServer::available()) return 77;
  try {
    return run(count);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redstart_cancellations: %s\n", error.what());
    return 1;
  }
}
