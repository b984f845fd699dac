// SPDX-License-Identifier: Apache-2.0
// secrets_test.cpp: a random password appears nowhere, whatever fails.
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

std::string random_password() {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  std::random_device random;
  std::string text;
  for (int i = 0; i < 24; ++i) text += alphabet[random() % alphabet.size()];
  return text;
}

// Collects all text that errors, events, reports and statistics show.
class ShownText final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    add(event.database);
    add(event.endpoint);
    add(event.detail);
  }
  void add(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    texts_.emplace_back(text);
  }
  void add(const ErrorInfo& info) {
    for (const std::string_view text :
         {std::string_view(info.command), std::string_view(info.database), std::string_view(info.endpoint),
          std::string_view(info.what), std::string_view(info.server), std::string_view(info.advice)})
      add(text);
  }
  void add(const Error& error) {
    add(error.what());
    add(error.explain());
    add(error.info());
  }
  void add(const ConfigError& error) {
    add(static_cast<const Error&>(error));
    for (const ConfigFault& fault : error.faults()) {
      add(fault.where);
      add(fault.what);
      add(fault.remedy);
    }
  }
  void add(const ConnectionReport& report) {
    add(report.explain());
    for (const std::string& note : report.notes) add(note);
    if (report.problem) add(*report.problem);
  }
  void add(const ManagerStats& stats) {
    for (const DatabaseStats& database : stats.databases) {
      add(database.name);
      add(database.endpoint);
      for (const LastError& error : database.operations.last_errors) add(error.message);
    }
  }
  // Fails if any text contains 8 consecutive characters, a third of the secret.
  void expect_nothing_of(const std::string& secret) const {
    const std::scoped_lock lock(mutex_);
    EXPECT_FALSE(texts_.empty());
    for (const std::string& text : texts_) {
      for (std::size_t at = 0; at + 8 <= secret.size(); ++at)
        ASSERT_EQ(text.find(secret.substr(at, 8)), std::string::npos) << text;
    }
  }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  // Runs `call` and collects the text of its error.
  void collect_error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const ConfigError& error) {
      ++errors_;
      add(error);
    } catch (const Error& error) {
      ++errors_;
      add(error);
    }
  }

 private:
  mutable std::mutex mutex_{};
  std::vector<std::string> texts_{};
  std::size_t errors_ = 0;
};

class Secrets : public ::testing::Test {
 protected:
  [[nodiscard]] RedisConfig config(std::uint16_t port) const {
    RedisConfig config = config_at(port);
    config.defaults.username = "app";
    config.defaults.password = Secret(password_);
    config.defaults.timeouts = {300ms, 300ms, 300ms, 300ms};
    config.start_timeout = 300ms;
    config.listener = shown_;
    return config;
  }
  // Uses a database through every kind of handle and collects all text.
  void use(RedisConfig config) {
    const std::size_t before = shown_->errors();
    StartedManager redis(std::move(config));
    shown_->collect_error_of([&] { redis->client("main").get("key"); });
    shown_->collect_error_of([&] { redis->client("main").set("key", "value"); });
    shown_->collect_error_of([&] { redis->scoped_client("main").command<Ok>("AUTH", "app", password_); });
    shown_->collect_error_of([&] { redis->async_client("main").get("key")(use_future).get(); });
    shown_->collect_error_of([&] { redis->async_client("main").incr("key")(use_future).get(); });
    shown_->collect_error_of([&] {
      redis->scoped_async_client("main")(use_future).get().command<Ok>("AUTH", password_)(use_future).get();
    });
    shown_->collect_error_of(
        [&] { redis->client("main").pipeline([](auto& pipe) { return pipe.get("key"); }).value(); });
    shown_->add(redis->validate_connection("main", 300ms));
    shown_->add(redis->stats());
    redis->shutdown();
    shown_->add(redis->stats());
    EXPECT_GT(shown_->errors(), before) << "nothing failed, so the test proves nothing";
  }
  void TearDown() override { shown_->expect_nothing_of(password_); }

  const std::string password_ = random_password();
  const std::shared_ptr<ShownText> shown_ = std::make_shared<ShownText>();
};

TEST_F(Secrets, AreHiddenWhenConnectionIsRefused) {
  const FreePort nobody;
  use(config(nobody.number()));
}

TEST_F(Secrets, AreHiddenWhenPasswordIsWrongOrPermissionMissing) {
  REDSTART_NEEDS_REDIS();
  const RedisServer server;
  use(config(server.port()));
  RawRedis(server.port()).text({"ACL", "SETUSER", "app", "on", ">" + password_, "-@all"});
  use(config(server.port()));
}

TEST_F(Secrets, AreHiddenWhenServerHasNoAuth) {
  REDSTART_NEEDS_REDIS();
  const RedisServer server({"--rename-command", "AUTH", "", "--rename-command", "HELLO", ""});
  use(config(server.port()));
  RedisConfig open = config(server.port());
  open.defaults.username = {};
  open.defaults.password = {};
  use(std::move(open));  // AUTH of the user: the server repeats unknown arguments
}

TEST_F(Secrets, AreHiddenWhenServerRepeatsArguments) {
  for (const char* const before :
       {"-ERR no such thing: ", "-WRONGPASS ", "-NOPERM ", "+", "?", "HTTP/1.1 400 ", "$5\r\n"}) {
    FakeServer server([&](FakeConnection& connection, std::size_t) {
      for (Words words = connection.command(); !words.empty(); words = connection.command()) {
        std::string all;
        for (const std::string& word : words) all += word + " ";
        connection.send(before + all + "\r\n");
      }
    });
    use(config(server.port()));
    static_cast<void>(server.take_failures());
  }
}

TEST_F(Secrets, AreHiddenWhenServerEchoesAllBytes) {
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command())
      connection.send(resp_command(words));
  });
  use(config(server.port()));
  static_cast<void>(server.take_failures());
}

TEST_F(Secrets, AreHiddenWhenServerIsSilentOrCloses) {
  FakeServer silent([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  use(config(silent.port()));
  FakeServer leaving([](FakeConnection& connection, std::size_t) { connection.command(); });
  use(config(leaving.port()));
}

TEST_F(Secrets, AreHiddenWhenCommandsGetNoReply) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    connection.handshake();
    if (index % 2 == 0) return connection.reset();
    connection.await_close();
  });
  use(config(server.port()));
}

TEST_F(Secrets, AreHiddenWhenProviderThrowsThem) {
  class Provider final : public CredentialsProvider {
   public:
    explicit Provider(std::string password) : password_(std::move(password)) {}
    [[nodiscard]] Credentials credentials() override {
      throw std::runtime_error("the vault gave " + password_ + ", which has expired");
    }

   private:
    const std::string password_;
  };
  FakeServer server(FakeServer::simple());
  RedisConfig config = this->config(server.port());
  config.defaults.username = {};
  config.defaults.password = {};
  config.defaults.credentials = std::make_shared<Provider>(password_);
  use(std::move(config));
}

TEST_F(Secrets, AreHiddenWhenProviderReturnsWrongOnes) {
  class Provider final : public CredentialsProvider {
   public:
    explicit Provider(std::string password) : password_(std::move(password)) {}
    [[nodiscard]] Credentials credentials() override { return {"app", Secret(password_)}; }

   private:
    const std::string password_;
  };
  REDSTART_NEEDS_REDIS();
  const RedisServer server;
  RedisConfig config = this->config(server.port());
  config.defaults.username = {};
  config.defaults.password = {};
  config.defaults.credentials = std::make_shared<Provider>(password_);
  use(std::move(config));
}

TEST_F(Secrets, AreHiddenWhenPeerDoesNotSpeakTls) {
  FakeServer server(FakeServer::simple());
  RedisConfig config = this->config(server.port());
  config.defaults.tls.enabled = true;
  shown_->collect_error_of(
      [&] { use(std::move(config)); });  // without TLS support, the configuration is refused
  static_cast<void>(server.take_failures());
}

TEST_F(Secrets, AreHiddenWhenConfigurationIsInvalid) {
  for (const std::string& url :
       {"redis://app:" + password_ + "@:badport/0", "redis://app:" + password_ + "@host:6379/none",
        "redis://app:" + password_ + "%zz@host", "http://app:" + password_ + "@host",
        "redis://app:" + password_ + "@host:1?" + password_ + "=1", "redis//app:" + password_ + "@host",
        "app:" + password_ + "@host:6379"}) {
    DatabaseConfig database;
    const auto faults = apply_url(url, "REDIS_URL", database);
    EXPECT_FALSE(faults.empty()) << "the configuration must have a fault";
    if (!faults.empty()) shown_->add(ConfigError(faults));
  }
  RedisConfig config = this->config(1);
  config.defaults.timeouts.command = 0ms;
  config.defaults.username = {};
  config.database("main").endpoint.host = {};
  config.database("main").client_name = "with blanks in it";
  shown_->collect_error_of([&] { StartedManager(std::move(config)); });
  EXPECT_EQ(shown_->errors(), 1U);
}

}  // namespace
}  // namespace redstart::test
