// SPDX-License-Identifier: Apache-2.0
// spdlog_test.cpp: events as JSON lines in a sink in memory.
#include <redstart/spdlog.hpp>

#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace redstart {
namespace {

// Keeps the lines as they would be written.
class MemorySink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  bool full = false;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (full) throw std::runtime_error("no space left");
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    lines_.emplace_back(formatted.data(), formatted.size());
  }
  void flush_() override {}

 private:
  std::vector<std::string> lines_{};
};

class SpdlogListenerTest : public ::testing::Test {
 protected:
  SpdlogListenerTest() { logger_->set_pattern("%v"); }
  std::vector<nlohmann::json> objects() {
    std::vector<nlohmann::json> found;
    for (const std::string& line : sink_->lines()) found.push_back(nlohmann::json::parse(line));
    return found;
  }

  std::shared_ptr<MemorySink> sink_ = std::make_shared<MemorySink>();
  std::shared_ptr<spdlog::logger> logger_ = std::make_shared<spdlog::logger>("redis", sink_);
};

TEST_F(SpdlogListenerTest, WritesOneObjectPerLine) {
  SpdlogListener listener(logger_);
  listener.on_event(
      {.kind = EventKind::retrying, .database = "main", .detail = "{} %s \n", .operation = "GET"});
  listener.on_event({.kind = EventKind::shutdown_begin});
  const auto lines = sink_->lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].find('\n'), lines[0].size() - 1);
  const auto object = objects()[0];
  EXPECT_EQ(object["event"], "redis.retry");
  EXPECT_EQ(object["message"], "retry: {} %s \n") << "no text is a format";
  EXPECT_EQ(object["operation"], "GET");
  EXPECT_FALSE(object.contains("suppressed"));
}

TEST_F(SpdlogListenerTest, LevelOfTheLoggerSelectsEvents) {
  SpdlogListener listener(logger_);
  listener.on_event({.kind = EventKind::disconnected, .reason = "idle"});
  EXPECT_TRUE(objects().empty());
  listener.on_event({.kind = EventKind::disconnected, .reason = "lost"});
  ASSERT_EQ(objects().size(), 1U);
  EXPECT_EQ(objects()[0]["level"], "warning");
  logger_->set_level(spdlog::level::debug);
  listener.on_event({.kind = EventKind::disconnected, .reason = "idle"});
  EXPECT_EQ(objects().size(), 2U);
}

TEST_F(SpdlogListenerTest, LimitsLinesButNotErrors) {
  SpdlogListener listener(logger_, {.lines_per_second = 3});
  for (int i = 0; i != 50; ++i) listener.on_event({.kind = EventKind::retrying});
  listener.on_event({.kind = EventKind::init_failed});
  EXPECT_LE(sink_->lines().size(), 20U);
  EXPECT_EQ(objects().back()["event"], "redis.init.failed");
}

TEST_F(SpdlogListenerTest, FaultsOfSinksDontThrow) {
  SpdlogListener listener(logger_);
  sink_->full = true;
  logger_->set_error_handler([](const std::string& text) { throw std::runtime_error(text); });
  listener.on_event({.kind = EventKind::retrying});
  sink_->full = false;
  listener.on_event({.kind = EventKind::retrying});
  EXPECT_EQ(sink_->lines().size(), 1U);
}

TEST_F(SpdlogListenerTest, RefusesNoLogger) {
  try {
    const SpdlogListener listener(nullptr);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("SpdlogListener"), std::string::npos) << error.what();
  }
}

TEST_F(SpdlogListenerTest, WritesWholeLinesFromManyThreads) {
  SpdlogListener listener(logger_, {.lines_per_second = 0});
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i) {
    threads.emplace_back([&listener] {
      for (int n = 0; n != 200; ++n) listener.on_event({.kind = EventKind::retrying, .detail = "text"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(objects().size(), 800U);
}

}  // namespace
}  // namespace redstart
