// SPDX-License-Identifier: Apache-2.0
// structured_logs.cpp: events as JSON lines through spdlog, and an alert.
//
//   structured_logs        needs a server at REDIS_URL or localhost
#include <redstart/redstart.hpp>
#include <redstart/spdlog.hpp>

#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <utility>

namespace {

using namespace std::chrono_literals;

// Counts events that a person should see soon, and passes all of them on to the log.
class Alerts final : public redstart::EventListener {
 public:
  explicit Alerts(std::shared_ptr<redstart::EventListener> log) : log_(std::move(log)) {}

  void on_event(const redstart::Event& event) noexcept override {
    if (event.kind == redstart::EventKind::slow_command) slow_.fetch_add(event.count.value_or(1));
    if (redstart::level_of(event) >= redstart::EventLevel::error) alarms_.fetch_add(1);
    log_->on_event(event);
  }
  [[nodiscard]] std::uint64_t slow() const noexcept { return slow_.load(); }
  [[nodiscard]] int alarms() const noexcept { return alarms_.load(); }

 private:
  std::shared_ptr<redstart::EventListener> log_;
  std::atomic<std::uint64_t> slow_{0};
  std::atomic<int> alarms_{0};
};

// Keeps the server busy for a while, as a command over too much data does.
constexpr const char* slow_script = "local n = 0; while n < 5000000 do n = n + 1 end; return n";

}  // namespace

int main() try {
  const auto logger =
      std::make_shared<spdlog::logger>("redis", std::make_shared<spdlog::sinks::stdout_sink_mt>());
  logger->set_pattern("%v");                // the JSON object alone
  logger->set_level(spdlog::level::debug);  // connections in normal use too
  const auto alerts = std::make_shared<Alerts>(std::make_shared<redstart::SpdlogListener>(logger));

  redstart::RedisConfig config = redstart::RedisConfigLoader{}.load();
  config.listener = alerts;
  config.database("main").slow_command = 5ms;

  redstart::RedisConnectionManager redis;
  redis.start(std::move(config));
  const auto db = redis.client("main");
  db.set("structured_logs:text", "not a number", {.expire = 60s});
  static_cast<void>(db.command<std::int64_t>("EVAL", slow_script, "0"));  // redis.command.slow
  static_cast<void>(db.results().incr("structured_logs:text"));           // redis.operation_failed
  redis.shutdown();
  std::cout << alerts->slow() << " slow calls, " << alerts->alarms() << " alarms\n";
  return alerts->slow() == 0 ? 1 : 0;
} catch (const redstart::Error& error) {
  std::cerr << "structured_logs: " << error.what() << '\n';
  return 1;
}
