// SPDX-License-Identifier: Apache-2.0
// stopped_client.cpp: the busy child and the parent that stops it.
#include "support/stopped_client.hpp"

#include <redstart/redstart.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace redstart::test {

namespace {

using namespace std::chrono_literals;

struct Numbers {
  std::uint64_t answered, not_sent, indeterminate, other, changes;
  char first_error[400];
};

class Busy final : public EventListener {
 public:
  explicit Busy(const StopPlan& plan) : plan_(plan) {}

  Numbers run(int until_closed) {
    RedisConfig config;
    config.service = "stopped";
    config.defaults.endpoint = {"127.0.0.1", plan_.port, {}};
    config.defaults.timeouts.command = plan_.limit;
    config.defaults.retry.mode = RetryMode::off;
    config.defaults.direct_limit = plan_.threads / 2;
    config.cleanup_interval = 0ms;
    config.listener = std::shared_ptr<EventListener>(std::shared_ptr<void>(), this);
    RedisConnectionManager redis;
    redis.start(config);
    async_ = redis.async_client("main");
    for (std::size_t i = 0; i != plan_.chains; ++i) next();
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i != plan_.threads; ++i) {
      threads.emplace_back([this, client = redis.client("main")] {
        const auto quiet = client.results();
        while (!ended_.load(std::memory_order_relaxed)) note(quiet.incr("sync"));
      });
    }
    char byte = 0;
    [[maybe_unused]] const auto end = ::read(until_closed, &byte, 1);
    ended_ = true;
    threads.clear();
    redis.shutdown(10s);
    return numbers();
  }

  void on_event(const Event& event) noexcept override {
    if (event.kind == EventKind::circuit_changed) ++changes_;
  }

 private:
  void next() {
    async_.results().incr("async")([this](const Result<std::int64_t>& result) {
      note(result);
      if (!ended_.load(std::memory_order_relaxed)) next();
    });
  }
  void note(const Result<std::int64_t>& result) {
    if (result) {
      ++answered_;
      return;
    }
    const Error& error = result.error();
    if (error.code() == Errc::timeout && error.effect() == Effect::not_sent) {
      ++not_sent_;
      return;
    }
    ++(error.effect() == Effect::indeterminate ? indeterminate_ : other_);
    const std::scoped_lock lock(mutex_);
    if (first_error_.empty()) first_error_ = error.what();
  }
  Numbers numbers() {
    Numbers result{answered_, not_sent_, indeterminate_, other_, changes_, {}};
    const std::scoped_lock lock(mutex_);
    first_error_.copy(result.first_error, sizeof result.first_error - 1);
    return result;
  }

  const StopPlan& plan_;
  AsyncClient async_{nullptr};
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> not_sent_{0};
  std::atomic<std::uint64_t> indeterminate_{0};
  std::atomic<std::uint64_t> other_{0};
  std::atomic<std::uint64_t> changes_{0};
  std::mutex mutex_{};
  std::string first_error_{};
};

// In the child: reports the outcomes and exits.
[[noreturn]] void be_busy(const StopPlan& plan, int until_closed, int report) {
  int code = 1;
  try {
    const Numbers numbers = Busy(plan).run(until_closed);
    code = ::write(report, &numbers, sizeof numbers) == static_cast<ssize_t>(sizeof numbers) ? 0 : 1;
  } catch (const std::exception& error) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, error.what(), std::strlen(error.what()));
  }
  ::_exit(code);
}

void sleep_for(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace

StopReport stop_client(const StopPlan& plan) {
  std::array<int, 2> commands{};
  std::array<int, 2> answers{};
  if (::pipe(commands.data()) != 0 || ::pipe(answers.data()) != 0)
    throw std::runtime_error("can't create a pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("can't fork");
  if (child == 0) {
    ::close(commands[1]);
    be_busy(plan, commands[0], answers[1]);
  }
  ::close(commands[0]);
  ::close(answers[1]);
  for (std::size_t round = 0; round != plan.rounds; ++round) {
    sleep_for(plan.between);
    ::kill(child, SIGSTOP);
    int status = 0;
    if (::waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
      throw std::runtime_error("the client process ended early");
    sleep_for(plan.stop);
    ::kill(child, SIGCONT);
  }
  sleep_for(plan.between);
  ::close(commands[1]);
  Numbers numbers{};
  const bool complete = ::read(answers[0], &numbers, sizeof numbers) == static_cast<ssize_t>(sizeof numbers);
  ::close(answers[0]);
  ::waitpid(child, nullptr, 0);
  if (!complete) throw std::runtime_error("the client process failed");
  return {numbers.answered, numbers.not_sent, numbers.indeterminate,
          numbers.other,    numbers.changes,  numbers.first_error};
}

}  // namespace redstart::test
