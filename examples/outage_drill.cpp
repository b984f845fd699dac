// SPDX-License-Identifier: Apache-2.0
// outage_drill.cpp: steady traffic through four outages, and the proof that nothing was lost.
//
// The private Redis is killed, loads for long, freezes, and has connections cut in the middle of a reply. At
// the end the drill proves that nothing was lost, doubled or mixed up.
#include "outage_drill/console.hpp"
#include "outage_drill/picture.hpp"
#include "outage_drill/private_server.hpp"
#include "outage_drill/timeline.hpp"
#include "outage_drill/traffic.hpp"

#include <redstart/redstart.hpp>
#include <redstart/testing/fault_proxy.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using namespace drill;
using redstart::testing::Direction;
using redstart::testing::FaultProxy;
using std::chrono::milliseconds;

struct Options {
  double rate = 2000;
  unsigned timeout = 500;
  bool brief = false;
  std::string svg{};
};

class Drill {
 public:
  explicit Drill(const Options& options)
      : options_(options), proxy_(server_.port()), scale_(options.brief ? 0.25 : 1.0) {
    redstart::RedisConfig config;
    config.service = "drill";
    config.database("main").endpoint = proxy_.endpoint();
    // The one setting that is not a default: these callers prefer an error to waiting for five seconds.
    config.database("main").timeouts.command = milliseconds(options.timeout);
    redis_.start(std::move(config));
    redis_.client("main").pipeline([](auto& pipe) {
      for (std::size_t i = 0; i < data_set; ++i)
        pipe.set("drill:data:" + std::to_string(i), std::string(100, 'x'));
      return pipe.dbsize();
    });
  }

  bool run() {
    std::cout << "A private redis-server on port " << server_.port() << ", behind a proxy on port "
              << proxy_.port() << ". " << Traffic::threads << " threads and " << Traffic::coroutines
              << " coroutines,\ntogether " << options_.rate << " operations a second, each with a limit of "
              << options_.timeout << " ms.\n";
    print_heading();
    Traffic traffic(redis_, timeline_, options_.rate);
    quiet(3s);
    killed();
    quiet(3500ms);
    loading();
    quiet(3500ms);
    frozen();
    quiet(3500ms);
    cut();
    quiet(3500ms);
    traffic.stop();

    // All callers have ended, so nothing changes any more. The proof is read past the proxy.
    const bool proved = print_proof(traffic.books(), stored(traffic),
                                    timeline_.sum(0, timeline_.slices().size()), redis_.stats("main"));
    const bool back = print_outages(timeline_.outages());
    if (!options_.svg.empty()) {
      write_picture(options_.svg, timeline_);
      std::cout << "\n  the picture: " << options_.svg << '\n';
    }
    return proved && back;
  }

 private:
  static constexpr std::size_t data_set = 2000;  // keys that nobody uses, but the server has to load

  // The kernel resets the connections of a killed process and refuses new ones. The proxy in front of it
  // does the same.
  void kill_server() {
    server_.kill();
    proxy_.crash();
  }

  void killed() {
    begin("kill -9");
    kill_server();
    hold(2s);
    server_.start();
    server_.await_answer();
    proxy_.heal();
    healed();
  }

  // The whole data set, with a delay for each key.
  void loading() {
    rewrite();
    begin("restart, LOADING");
    kill_server();
    hold(500ms);
    const auto lasts = std::chrono::duration_cast<std::chrono::microseconds>(4s * scale_);
    server_.start({"--key-load-delay", std::to_string(static_cast<std::size_t>(lasts.count()) / data_set)});
    proxy_.heal();
    for (const auto until = Clock::now() + 30s; !server_.answers() && Clock::now() < until;) tick();
    healed();
  }

  // Replaces the commands in the append-only file by an image of the data set: the server replies rarely
  // while it loads commands.
  void rewrite() {
    const auto ask = [this](auto... words) {
      for (const auto until = Clock::now() + 30s;; tick()) {
        try {
          return redis_.client("main").with_timeout(5s).command<std::string>(words...);
        } catch (const redstart::ServerError&) {
          throw;
        } catch (const redstart::Error&) {  // the machine has just stalled, and the circuit is open
          if (Clock::now() >= until) throw;
        }
      }
    };
    ask("BGREWRITEAOF");
    const auto under_way = [&ask] {
      const std::string info = ask("INFO", "persistence");
      return info.find("aof_rewrite_in_progress:0") == std::string::npos ||
             info.find("aof_rewrite_scheduled:0") == std::string::npos;
    };
    for (const auto until = Clock::now() + 30s; under_way() && Clock::now() < until;) hold(20ms);
  }

  void frozen() {
    begin("frozen (SIGSTOP)");
    server_.freeze();
    hold(3s);
    server_.thaw();
    healed();
  }

  // Ends each connection after some more bytes of replies, mostly in the middle of a value. Then ends each
  // after an INCR was executed and before its reply arrives, which no client can know.
  void cut() {
    begin("cut mid-reply");
    for (const std::uint64_t bytes : {1'111U, 2'345U, 3'210U}) {
      auto open = proxy_.open_connections();
      open.after_bytes(bytes, Direction::to_client).reset();
      open.await_fired();
      hold(400ms);
    }
    auto open = proxy_.open_connections();
    open.on_reply_to("INCR").reset();
    open.await_fired();
    hold(400ms);
    proxy_.heal();
    healed();
  }

  void begin(std::string name) {
    phase_ = name;
    timeline_.outage_begins(std::move(name));
  }
  void healed() {
    phase_.clear();
    timeline_.healed();
  }
  // Also waits until all callers are back: their pauses don't get shorter with --brief.
  void quiet(milliseconds time) {
    hold(time);
    for (const auto until = Clock::now() + 10s; !timeline_.everybody_back() && Clock::now() < until;) tick();
  }

  // Waits, and prints a line for each second.
  void hold(milliseconds time) {
    const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(time * scale_);
    while (Clock::now() < until) tick();
  }
  void tick() {
    std::this_thread::sleep_for(5ms);
    const auto age = timeline_.age();
    if (!phase_.empty()) shown_ = phase_;
    if (age >= next_look_) {
      next_look_ = age + Timeline::slice / 2;
      const redstart::DatabaseStats stats = redis_.stats("main");
      timeline_.saw(stats);
    }
    if (const long second = age / 1s; second > last_second_) {
      last_second_ = second;
      const auto last = static_cast<std::size_t>(second) * (1s / Timeline::slice);
      print_second(second, shown_, timeline_.sum(last - 1s / Timeline::slice, last));
      shown_.clear();
    }
  }

  static Stored stored(const Traffic& traffic, const PrivateServer& server) {
    redstart::RedisConfig config;
    config.database("main").endpoint = {"127.0.0.1", server.port(), {}};
    redstart::RedisConnectionManager redis;
    redis.start(std::move(config));
    const redstart::Client db = redis.client("main");
    Stored all;
    for (const auto& book : traffic.books()) all.push_back(db.get<std::uint64_t>(book->counter).value_or(0));
    return all;
  }
  [[nodiscard]] Stored stored(const Traffic& traffic) const { return stored(traffic, server_); }

  Options options_;
  PrivateServer server_{};
  FaultProxy proxy_;
  redstart::RedisConnectionManager redis_{};
  Timeline timeline_{};
  double scale_;
  std::string phase_{};
  std::string shown_{};  // the name of the current second
  Clock::duration next_look_{};
  long last_second_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "outage_drill: steady traffic through four outages of a private redis-server, and the proof\n"
      "that nothing was lost, done twice or given to the wrong caller.");
  app.add_option("--rate", options.rate, "Operations a second, all callers together")
      ->check(CLI::Range(20.0, 20'000.0))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout, "Limit of each call, in milliseconds")
      ->check(CLI::Range(10U, 60'000U))
      ->capture_default_str();
  app.add_flag("--brief", options.brief, "A quarter of the time");
  app.add_option("--svg", options.svg, "Draw the timeline into this file");
  app.footer("Exit code: 0; 1 when the proof fails; 77 without a redis-server.");
  CLI11_PARSE(app, argc, argv);
  if (!PrivateServer::installed()) {
    std::cerr << "outage_drill: skipped, there is no redis-server (Debian: apt-get install redis-server)\n";
    return 77;
  }
  try {
    return Drill(options).run() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "outage_drill: " << error.what() << '\n';
    return 1;
  }
}
