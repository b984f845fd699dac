// SPDX-License-Identifier: Apache-2.0
// credentials_source_test.cpp: tests when the credentials provider of a database is called.
#include "net/credentials_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using net::CredentialsSource;

class CountingProvider final : public CredentialsProvider {
 public:
  explicit CountingProvider(std::optional<std::chrono::milliseconds> lifetime) : lifetime_(lifetime) {}
  [[nodiscard]] Credentials credentials() override {
    const std::scoped_lock lock(mutex_);
    const std::string number = std::to_string(++asked_);
    if (fails_) throw std::runtime_error("secret-" + number);
    return {"app", Secret("token-" + number), lifetime_};
  }
  [[nodiscard]] std::size_t asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  void fails(bool fails) {
    const std::scoped_lock lock(mutex_);
    fails_ = fails;
  }

 private:
  mutable std::mutex mutex_{};
  std::optional<std::chrono::milliseconds> lifetime_;
  std::size_t asked_ = 0;
  bool fails_ = false;
};

// A source whose provider returns credentials of this lifetime.
struct SourceOf {
  explicit SourceOf(std::optional<std::chrono::milliseconds> lifetime)
      : provider(std::make_shared<CountingProvider>(lifetime)) {}

  [[nodiscard]] std::string get() const { return shown(&CredentialsSource::get); }
  [[nodiscard]] std::string ask() const { return shown(&CredentialsSource::ask); }
  [[nodiscard]] std::string shown(
      CredentialsSource::Provided (CredentialsSource::*call)(std::optional<Cause>&)) const {
    std::optional<Cause> failure;
    const auto provided = ((*source).*call)(failure);
    return failure ? failure->what : std::string(provided.credentials.password.reveal());
  }

  std::shared_ptr<CountingProvider> provider;
  std::shared_ptr<EventLog> log = std::make_shared<EventLog>();
  std::shared_ptr<CredentialsSource> source =
      std::make_shared<CredentialsSource>(provider, [events = log](EventKind kind, std::string_view detail) {
        events->on_event({kind, {}, {}, detail});
      });
};

TEST(CredentialsSource, AsksForEachConnectionIfCredentialsDoNotExpire) {
  const SourceOf of(std::nullopt);
  EXPECT_EQ(of.get(), "token-1");
  EXPECT_EQ(of.get(), "token-2");
  EXPECT_EQ(of.source->newer_than(1, Clock::now()), nullptr);
}

TEST(CredentialsSource, KeepsCredentialsThatExpire) {
  const SourceOf of(1h);
  EXPECT_EQ(of.get(), "token-1");
  EXPECT_EQ(of.get(), "token-1");
  EXPECT_EQ(of.source->newer_than(1, Clock::now()), nullptr);
  EXPECT_EQ(of.ask(), "token-2") << "after a refusal";
  EXPECT_EQ(of.get(), "token-2");
  const auto newer = of.source->newer_than(1, Clock::now());
  ASSERT_NE(newer, nullptr);
  EXPECT_EQ(newer->term.number, 2U);
}

TEST(CredentialsSource, AsksAheadOfTimeInBackground) {
  const SourceOf of(1h);
  EXPECT_EQ(of.get(), "token-1");
  of.source->renew_if_due(Clock::now() + 35min);
  EXPECT_EQ(of.provider->asked(), 1U);
  of.source->renew_if_due(Clock::now() + 43min);
  EXPECT_TRUE(
      eventually([&] { return of.log->count("redis.credentials.refreshed valid for 3600000 ms") == 1; }));
  EXPECT_EQ(of.get(), "token-2");
}

TEST(CredentialsSource, ReportsFailureWithoutTextOfException) {
  const SourceOf of(1h);
  EXPECT_EQ(of.get(), "token-1");
  of.provider->fails(true);
  of.source->renew_if_due(Clock::now() + 43min);
  EXPECT_TRUE(eventually([&] { return of.log->lines().size() == 1; }));
  EXPECT_EQ(of.log->lines()[0],
            "redis.credentials.refresh_failed the credentials provider threw std::runtime_error");
  EXPECT_EQ(of.get(), "token-1") << "still valid";
}

TEST(CredentialsSource, ForgetsCredentialsThatWereRefused) {
  const SourceOf of(1h);
  EXPECT_EQ(of.get(), "token-1");
  of.source->refused(7, Clock::now());
  EXPECT_EQ(of.get(), "token-1");
  of.source->refused(1, Clock::now());
  EXPECT_EQ(of.get(), "token-2");
}

TEST(CredentialsSource, OffersNothingThatHasExpired) {
  const SourceOf of(1h);
  EXPECT_EQ(of.get(), "token-1");
  EXPECT_NE(of.source->newer_than(0, Clock::now() + 30min), nullptr);
  EXPECT_EQ(of.source->newer_than(0, Clock::now() + 61min), nullptr);
}

}  // namespace
}  // namespace redstart::test
