// SPDX-License-Identifier: Apache-2.0
// credentials_test.cpp: passwords from a provider that rotates them.
#include <boost/asio/use_future.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using boost::asio::use_future;
using ::testing::HasSubstr;

class Provider final : public CredentialsProvider {
 public:
  explicit Provider(std::function<Credentials(int)> answer) : answer_(std::move(answer)) {}
  [[nodiscard]] Credentials credentials() override {
    const std::scoped_lock lock(mutex_);
    return answer_(asked_++);
  }
  [[nodiscard]] int asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_{};
  std::function<Credentials(int)> answer_;
  int asked_ = 0;
};

class ProvidedCredentials : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    REDSTART_NEEDS_REDIS();
    server_ = std::make_unique<RedisServer>();
    admin({"ACL", "SETUSER", "app", "on", ">one", "~*", "+@all"});
    admin({"ACL", "SETUSER", "default", "resetpass", ">admin"});
  }
  void admin(const std::vector<std::string>& words) {
    RawRedis raw(server_->socket_path());
    raw.command({"AUTH", "admin"});
    EXPECT_FALSE(raw.command(words).is_error());
  }
  [[nodiscard]] RedisConfig config(std::shared_ptr<CredentialsProvider> provider) const {
    RedisConfig config = config_at(*server_);
    config.defaults.credentials = std::move(provider);
    config.database("main").required = false;
    return config;
  }
  [[nodiscard]] static std::string ping(RedisConnectionManager& redis) {
    return GetParam() ? redis.async_client("main").ping()(use_future).get() : redis.client("main").ping();
  }

  std::unique_ptr<RedisServer> server_{};
};

TEST_P(ProvidedCredentials, AreUsed) {
  const auto provider = std::make_shared<Provider>([](int) { return Credentials{"app", Secret("one")}; });
  StartedManager redis(config(provider));
  EXPECT_EQ(ping(*redis), "PONG");
  EXPECT_EQ(provider->asked(), 1);
}

TEST_P(ProvidedCredentials, AreRequestedAgainWhenPasswordHasChanged) {
  const auto provider = std::make_shared<Provider>([](int asked) {
    return Credentials{"app", Secret(asked == 0 ? "old" : "one")};
  });
  StartedManager redis(config(provider));
  EXPECT_EQ(ping(*redis), "PONG");
  EXPECT_EQ(provider->asked(), 2);
}

TEST_P(ProvidedCredentials, FailWithoutShowingSecretWhenRefusedTwice) {
  const auto provider = std::make_shared<Provider>([](int asked) {
    return Credentials{"app", Secret("hidden-" + std::to_string(asked))};
  });
  StartedManager redis(config(provider));
  const Error error = error_of([&] { return ping(*redis); });
  EXPECT_EQ(error.code(), Errc::authentication_failed);
  EXPECT_EQ(error.remedy(), Remedy::never);
  EXPECT_EQ(provider->asked(), 2);
  EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("hidden")));
}

TEST_P(ProvidedCredentials, FailTheAttemptWhenProviderThrows) {
  const auto provider =
      std::make_shared<Provider>([](int) -> Credentials { throw std::runtime_error("vault is sealed"); });
  StartedManager redis(config(provider));
  const Error error = error_of([&] { return ping(*redis); });
  EXPECT_EQ(error.code(), Errc::authentication_failed);
  EXPECT_EQ(error.remedy(), Remedy::retry);
  EXPECT_THAT(error.what(), HasSubstr("the credentials provider threw std::runtime_error"));
}

INSTANTIATE_TEST_SUITE_P(BothSides, ProvidedCredentials, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Async" : "Sync"; });

}  // namespace
}  // namespace redstart::test
