// SPDX-License-Identifier: Apache-2.0
// secrets_test.cpp: a random password goes through everything that can fail, and is told nowhere.
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

// Everything that anybody was told.
class Heard final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    say(event.database);
    say(event.endpoint);
    say(event.detail);
  }
  void say(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    texts_.emplace_back(text);
  }
  void say(const ErrorInfo& info) {
    for (const std::string_view text :
         {std::string_view(info.command), std::string_view(info.database), std::string_view(info.endpoint),
          std::string_view(info.what), std::string_view(info.server), std::string_view(info.advice)})
      say(text);
  }
  void say(const Error& error) {
    say(error.what());
    say(error.explain());
    say(error.info());
  }
  void say(const ConfigError& error) {
    say(static_cast<const Error&>(error));
    for (const ConfigFault& fault : error.faults()) {
      say(fault.where);
      say(fault.what);
      say(fault.remedy);
    }
  }
  void say(const ConnectionReport& report) {
    say(report.explain());
    for (const std::string& note : report.notes) say(note);
    if (report.problem) say(*report.problem);
  }
  void say(const ManagerStats& stats) {
    for (const DatabaseStats& database : stats.databases) {
      say(database.name);
      say(database.endpoint);
      for (const LastError& error : database.operations.last_errors) say(error.message);
    }
  }
  // A third of it is too much already.
  void expect_nothing_of(const std::string& secret) const {
    const std::scoped_lock lock(mutex_);
    EXPECT_FALSE(texts_.empty());
    for (const std::string& text : texts_) {
      for (std::size_t at = 0; at + 8 <= secret.size(); ++at)
        ASSERT_EQ(text.find(secret.substr(at, 8)), std::string::npos) << text;
    }
  }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  // Calls it, and listens to what it throws.
  void to(const std::function<void()>& call) {
    try {
      call();
    } catch (const ConfigError& error) {
      ++errors_;
      say(error);
    } catch (const Error& error) {
      ++errors_;
      say(error);
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
    config.listener = heard_;
    return config;
  }
  // Uses a database in every way there is, and listens. Both sides: calls and handles.
  void use(RedisConfig config) {
    const std::size_t before = heard_->errors();
    StartedManager redis(std::move(config));
    heard_->to([&] { redis->client("main").get("key"); });
    heard_->to([&] { redis->client("main").set("key", "value"); });
    heard_->to([&] { redis->scoped_client("main").command<Ok>("AUTH", "app", password_); });
    heard_->to([&] { redis->async_client("main").get("key")(use_future).get(); });
    heard_->to([&] { redis->async_client("main").incr("key")(use_future).get(); });
    heard_->to([&] {
      redis->scoped_async_client("main")(use_future).get().command<Ok>("AUTH", password_)(use_future).get();
    });
    heard_->to([&] { redis->client("main").pipeline([](auto& pipe) { return pipe.get("key"); }).value(); });
    heard_->say(redis->validate_connection("main", 300ms));
    heard_->say(redis->stats());
    redis->shutdown();
    heard_->say(redis->stats());
    EXPECT_GT(heard_->errors(), before) << "nothing failed: this test shows nothing";
  }
  void TearDown() override { heard_->expect_nothing_of(password_); }

  const std::string password_ = random_password();
  const std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

TEST_F(Secrets, OfARefusedConnection) {
  const FreePort nobody;
  use(config(nobody.number()));
}

TEST_F(Secrets, OfARefusedPasswordAndAUserWhoMayDoNothing) {
  REDSTART_NEEDS_REDIS();
  const RedisServer server;
  use(config(server.port()));
  RawRedis(server.port()).text({"ACL", "SETUSER", "app", "on", ">" + password_, "-@all"});
  use(config(server.port()));
}

TEST_F(Secrets, OfAServerThatKnowsNoAuth) {
  REDSTART_NEEDS_REDIS();
  const RedisServer server({"--rename-command", "AUTH", "", "--rename-command", "HELLO", ""});
  use(config(server.port()));
  RedisConfig open = config(server.port());
  open.defaults.username = {};
  open.defaults.password = {};
  use(std::move(open));  // the user's own AUTH: the server repeats what it does not know
}

TEST_F(Secrets, OfAServerThatRepeatsWhatItWasTold) {
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

TEST_F(Secrets, OfAServerThatEchoesBytes) {
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command())
      connection.send(resp_command(words));
  });
  use(config(server.port()));
  static_cast<void>(server.take_failures());
}

TEST_F(Secrets, OfAServerThatIsSilentOrLeaves) {
  FakeServer silent([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  use(config(silent.port()));
  FakeServer leaving([](FakeConnection& connection, std::size_t) { connection.command(); });
  use(config(leaving.port()));
}

TEST_F(Secrets, OfCommandsThatGetNoAnswer) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    connection.handshake();
    if (index % 2 == 0) return connection.reset();
    connection.await_close();
  });
  use(config(server.port()));
}

TEST_F(Secrets, OfAProviderThatThrowsThem) {
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

TEST_F(Secrets, OfAProviderThatIsWrong) {
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

TEST_F(Secrets, OfAPeerWithoutTls) {
  FakeServer server(FakeServer::simple());
  RedisConfig config = this->config(server.port());
  config.defaults.tls.enabled = true;
  heard_->to([&] { use(std::move(config)); });  // a build without TLS refuses the configuration
  static_cast<void>(server.take_failures());
}

TEST_F(Secrets, OfAConfigurationWithFaults) {
  for (const std::string& url :
       {"redis://app:" + password_ + "@:badport/0", "redis://app:" + password_ + "@host:6379/none",
        "redis://app:" + password_ + "%zz@host", "http://app:" + password_ + "@host",
        "redis://app:" + password_ + "@host:1?" + password_ + "=1", "redis//app:" + password_ + "@host",
        "app:" + password_ + "@host:6379"}) {
    DatabaseConfig database;
    const auto faults = apply_url(url, "REDIS_URL", database);
    EXPECT_FALSE(faults.empty()) << "a fault was expected";
    if (!faults.empty()) heard_->say(ConfigError(faults));
  }
  RedisConfig config = this->config(1);
  config.defaults.timeouts.command = 0ms;
  config.defaults.username = {};
  config.database("main").endpoint.host = {};
  config.database("main").client_name = "with blanks in it";
  heard_->to([&] { StartedManager(std::move(config)); });
  EXPECT_EQ(heard_->errors(), 1U);
}

}  // namespace
}  // namespace redstart::test
