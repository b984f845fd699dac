// SPDX-License-Identifier: Apache-2.0
// metrics_timer_test.cpp: the manager exports statistics periodically.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

// Keeps the number of commands of the last export.
class CountingExporter : public MetricsExporter {
 public:
  void add(const Metric& metric) override {
    if (metric.name == "redstart_commands_ok_total") ok_ = metric.number();
  }
  void complete() override { ++exports_; }

  [[nodiscard]] int exports() const noexcept { return exports_; }
  [[nodiscard]] double ok() const noexcept { return ok_; }

 private:
  std::atomic<int> exports_{0};
  std::atomic<double> ok_{0};
};

class MetricsTimers : public ::testing::Test {
 protected:
  RedisConfig config(std::shared_ptr<MetricsExporter> exporter, std::chrono::milliseconds interval) {
    RedisConfig config = config_at(server_.port());
    config.listener = events_;
    config.metrics_exporter = std::move(exporter);
    config.metrics_interval = interval;
    return config;
  }

  FakeServer server_{FakeServer::simple()};
  std::shared_ptr<EventLog> events_ = std::make_shared<EventLog>();
};

TEST_F(MetricsTimers, ExportAfterEachInterval) {
  const auto exporter = std::make_shared<CountingExporter>();
  StartedManager redis(config(exporter, 5ms));
  EXPECT_TRUE(eventually([&] { return exporter->exports() >= 3; }));
}

TEST_F(MetricsTimers, ExportFinalCountsAtShutdown) {
  const auto exporter = std::make_shared<CountingExporter>();
  StartedManager redis(config(exporter, 24h));
  for (int i = 0; i != 5; ++i) redis->client("main").set("key", i);
  redis->shutdown(30s);
  EXPECT_EQ(exporter->exports(), 1);
  EXPECT_EQ(exporter->ok(), 5.0);
  redis->shutdown(30s);
  EXPECT_EQ(exporter->exports(), 1) << "once";
}

TEST_F(MetricsTimers, ExportNothingWithoutInterval) {
  const auto exporter = std::make_shared<CountingExporter>();
  StartedManager redis(config(exporter, 0ms));
  redis->shutdown(30s);
  EXPECT_EQ(exporter->exports(), 0);
}

TEST_F(MetricsTimers, GoOnAfterAnException) {
  class Flaky final : public CountingExporter {
   public:
    void add(const Metric& metric) override {
      if (failures_ != 2) {
        ++failures_;
        if (failures_ == 1) throw std::runtime_error("the collector is away");
        throw 1;
      }
      CountingExporter::add(metric);
    }

   private:
    int failures_ = 0;
  };
  const auto exporter = std::make_shared<Flaky>();
  StartedManager redis(config(exporter, 5ms));
  EXPECT_TRUE(eventually([&] { return exporter->exports() >= 1; }));
  EXPECT_EQ(events_->count("redis.metrics.failed"), 2U);
  EXPECT_EQ(events_->count("redis.metrics.failed the collector is away"), 1U);
}

TEST_F(MetricsTimers, EndOfShutdownDoesNotWaitForAnExporterThatHangs) {
  class Hanging final : public MetricsExporter {
   public:
    void add(const Metric& /*metric*/) override {
      std::unique_lock lock(mutex_);
      released_.wait(lock, [this] { return free_; });
    }
    void release() {
      const std::scoped_lock lock(mutex_);
      free_ = true;
      released_.notify_all();
    }

   private:
    std::mutex mutex_{};
    std::condition_variable released_{};
    bool free_ = false;
  };
  const auto exporter = std::make_shared<Hanging>();
  StartedManager redis(config(exporter, 24h));
  redis->shutdown(10ms);  // returns although the exporter does not
  exporter->release();
}

TEST_F(MetricsTimers, AllowExportersToShutTheManagerDown) {
  class Ending final : public CountingExporter {
   public:
    void complete() override {
      RedisConnectionManager* const once = manager.exchange(nullptr);
      if (once == nullptr) return;
      once->shutdown(10s);
      ended = true;
    }
    std::atomic<RedisConnectionManager*> manager{nullptr};
    std::atomic<bool> ended{false};
  };
  const auto exporter = std::make_shared<Ending>();
  StartedManager redis(config(exporter, 5ms));
  exporter->manager = &*redis;
  ASSERT_TRUE(eventually([&] { return exporter->ended.load(); }));
  EXPECT_FALSE(redis->started());
}

}  // namespace
}  // namespace redstart::test
