// SPDX-License-Identifier: Apache-2.0
// clocks_test.cpp: faults 79 and 80: wall clock jumps, and a stopped process.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

// Offset of this process's wall clock; see clock_gettime below.
std::atomic<std::int64_t> wall_offset{0};  // s

}  // namespace
}  // namespace redstart::test

// These replace the system's functions in this program, for every library. They shift the wall clock and
// leave the steady clock alone, as libfaketime can.
extern "C" {
int clock_gettime(clockid_t id, timespec* now) noexcept {
  const long result = ::syscall(SYS_clock_gettime, id, now);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += redstart::test::wall_offset;
  return static_cast<int>(result);
}
int gettimeofday(timeval* __restrict now, void* __restrict) noexcept {
  timespec precise{};
  const int result = clock_gettime(CLOCK_REALTIME, &precise);
  *now = {precise.tv_sec, static_cast<suseconds_t>(precise.tv_nsec / 1000)};
  return result;
}
time_t time(time_t* result) noexcept {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (result != nullptr) *result = precise.tv_sec;
  return precise.tv_sec;
}
}

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;

// Shifts the wall clock during its lifetime.
class Jump {
 public:
  explicit Jump(std::chrono::seconds far) { wall_offset = far.count(); }
  Jump(const Jump&) = delete;
  Jump& operator=(const Jump&) = delete;
  ~Jump() { wall_offset = 0; }
};
const std::chrono::seconds jumps[] = {24h, -24h, std::chrono::hours(24 * 365 * 20)};

class Fault79 : public RedisTest {};

TEST_F(Fault79, WallClockOfTestProgramJumps) {
  const auto before = std::chrono::system_clock::now();
  const auto steady = Clock::now();
  const Jump jump(24h);
  EXPECT_GE(std::chrono::system_clock::now() - before, 24h);
  EXPECT_LT(Clock::now() - steady, 12h);
  EXPECT_GE(::time(nullptr) - std::chrono::system_clock::to_time_t(before), 24 * 3600);
}

TEST_F(Fault79, WallClockJumpClosesNoConnectionAndFailsNoCommand) {
  for_all_sides([&](Side side) {
    for (const auto far : jumps) {
      SCOPED_TRACE(far.count());
      raw().text({"FLUSHALL"});
      RedisConfig config = on_side(side, config_at(server()));
      config.cleanup_interval = 10ms;
      config.defaults.max_lifetime = 1h;
      config.defaults.retry_budget = {0, 0, 1};
      StartedManager redis(std::move(config));
      const Caller caller(*redis, side);
      auto waiting = redis->async_client("main").blpop("queue", {0ms})(use_future);
      ASSERT_TRUE(eventually([&] { return raw().info("blocked_clients") == "1"; }));
      ASSERT_TRUE(caller.command<Value>("PING"));
      const std::size_t created = redis->stats("main").pool.created;
      {
        const Jump jump(far);
        for (int i = 0; i < 50; ++i) {
          const auto counted = caller.command<std::int64_t>("INCR", "n");
          ASSERT_TRUE(counted.has_value()) << counted.error().what();
          EXPECT_EQ(*counted, i + 1);
        }
        let_pass(50ms);  // wait until the clean-up has run
        EXPECT_TRUE(caller.command<Value>("PING"));
      }
      EXPECT_TRUE(caller.command<Value>("PING")) << "after the jump back";
      EXPECT_EQ(redis->stats("main").pool.created, created);
      EXPECT_EQ(redis->stats("main").operations.failed, 0U);
      raw().integer({"RPUSH", "queue", "x"});
      EXPECT_EQ(waiting.get()->second, "x");
    }
  });
}

TEST_F(Fault79, DeadlinesExpireOnTimeAfterWallClockJump) {
  FakeServer silent([](FakeConnection& connection, std::size_t) {
    connection.serve([](const FakeConnection::Words& words) {
      return words[0] == "PING" ? std::string("+PONG\r\n") : std::string();
    });
  });
  for_all_sides([&](Side side) {
    for (const auto far : jumps) {
      SCOPED_TRACE(far.count());
      StartedManager redis(on_side(side, config_at(silent.port())));
      const Caller caller(*redis, side);
      ASSERT_TRUE(caller.command<Value>("PING"));  // opens the connection
      const std::size_t before = silent.count("INCR");
      auto outcome = std::async(std::launch::async, [&] { return caller.within(3s).error_of("INCR", "n"); });
      ASSERT_TRUE(eventually([&] { return silent.count("INCR") != before; }));
      const Jump jump(far);
      const auto began = Clock::now();
      EXPECT_EQ(outcome.get().code(), Errc::timeout);
      EXPECT_LT(Clock::now() - began, 10s) << "the deadline must not move by a day";
      redis->shutdown(50ms);
      EXPECT_LT(Clock::now() - began, 20s);
    }
  });
}

TEST_F(Fault79, AcquireTimeoutExpiresOnTimeAfterWallClockJump) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  config.defaults.sync_over_shared = false;
  StartedManager redis(std::move(config));
  const ScopedClient held = redis->scoped_client("main");
  for (const auto far : jumps) {
    SCOPED_TRACE(far.count());
    auto outcome = std::async(std::launch::async, [&] {
      return error_of([&] { return redis->client("main").with_timeout(2s).ping(); });
    });
    ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
    const Jump jump(far);
    const auto began = Clock::now();
    EXPECT_EQ(outcome.get().code(), Errc::pool_timeout);
    EXPECT_LT(Clock::now() - began, 10s);
  }
}

// A child process with clients of all sides. It requests values whose replies arrive while it is stopped, and
// reports the results over a pipe.
class Fault80 : public ::testing::Test {
 protected:
  static constexpr auto deadline = 3s;

  // Runs in the child, which is forked before this process has threads.
  static std::string ask(std::uint16_t port) {
    std::string complaints;
    std::vector<std::future<std::string>> calls;
    for (const Side side : all_sides) {
      calls.push_back(std::async(std::launch::async, [side, port] {
        StartedManager redis(on_side(side, config_at(port)));
        const auto value =
            Caller(*redis, side).within(deadline).retrying(RetryMode::off).command<std::string>("GET", "key");
        if (value && *value == "late") return std::string();
        return std::string(to_string(side)) + ": " + (value ? *value : value.error().what()) + "; ";
      }));
    }
    for (auto& call : calls) complaints += call.get();
    return complaints;
  }

  // The child process and the ends of its pipes.
  struct Child {
    Child() {
      int to[2];
      int from[2];
      if (::pipe(to) != 0 || ::pipe(from) != 0) throw std::runtime_error("no pipe");
      pid = ::fork();
      if (pid == 0) {
        ::alarm(60);
        std::uint16_t port = 0;
        if (::read(to[0], &port, sizeof port) != sizeof port) ::_exit(1);
        const std::string complaints = ask(port);
        [[maybe_unused]] const auto written = ::write(from[1], complaints.data(), complaints.size());
        ::_exit(0);
      }
      ::close(to[0]);
      ::close(from[1]);
      commands = to[1];
      answers = from[0];
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      ::close(commands);
      ::close(answers);
    }
    std::string complaints() const {
      std::string text;
      char buffer[1024];
      for (ssize_t n = 0; (n = ::read(answers, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
      return text;
    }
    pid_t pid = 0;
    int commands = -1;
    int answers = -1;
  };
};

TEST_F(Fault80, DeliversRepliesThatArrivedWhileProcessWasStopped) {
  const Child child;
  Gate stopped;
  std::atomic<std::size_t> asked{0};
  std::atomic<std::size_t> answered{0};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) -> std::string {
      if (words.empty() || words[0] != "GET") return "+OK\r\n";
      ++asked;
      connection.wait(stopped);
      ++answered;
      return resp_bulk("late");
    });
  });
  const std::uint16_t port = server.port();
  ASSERT_EQ(::write(child.commands, &port, sizeof port), static_cast<ssize_t>(sizeof port));
  ASSERT_TRUE(eventually([&] { return asked == std::size(all_sides); }));
  ASSERT_EQ(::kill(child.pid, SIGSTOP), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid, &status, WUNTRACED), child.pid);
  ASSERT_TRUE(WIFSTOPPED(status));
  stopped.open();
  ASSERT_TRUE(eventually([&] { return answered == std::size(all_sides); }));
  let_pass(deadline + 100ms);  // every deadline has passed while the child was stopped
  ASSERT_EQ(::kill(child.pid, SIGCONT), 0);
  EXPECT_EQ(child.complaints(), "");
}

}  // namespace
}  // namespace redstart::test
