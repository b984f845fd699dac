// SPDX-License-Identifier: Apache-2.0
// credentials_renewal_test.cpp: tests when a connection authenticates again.
#include "protocol/credentials_renewal.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "protocol/authentication_command.hpp"

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint asked{1h};

TEST(CredentialsTerm, TakesLifetimeFromCredentials) {
  Credentials credentials{"app", Secret("one")};
  EXPECT_FALSE(term_of(credentials, 3, asked).ends());
  EXPECT_EQ(term_of(credentials, 3, asked).end(), TimePoint::max());
  credentials.refresh_after = 15min;
  const CredentialsTerm term = term_of(credentials, 3, asked);
  EXPECT_EQ(term.number, 3U);
  EXPECT_EQ(term.end(), asked + 15min);
}

TEST(CredentialsTerm, LimitsExtremeLifetimes) {
  Credentials credentials;
  for (const auto shortest : {-1h, 0h}) {
    credentials.refresh_after = shortest;
    EXPECT_EQ(term_of(credentials, 1, asked).end(), asked + 100ms);
  }
  credentials.refresh_after = std::chrono::milliseconds::max();
  EXPECT_GT(term_of(credentials, 1, asked).end(), asked + 24h * 365 * 99);
}

TEST(CredentialsRenewal, IsNeverDueForCredentialsThatDoNotExpire) {
  EXPECT_EQ(CredentialsRenewal().due(), TimePoint::max());
  EXPECT_EQ(CredentialsRenewal({1, asked, {}}, 0.5).due(), TimePoint::max());
  EXPECT_FALSE(CredentialsRenewal({1, asked, {}}, 0.5).expired(TimePoint::max()));
}

TEST(CredentialsRenewal, IsDueAfterJitteredShareOfLifetime) {
  const CredentialsTerm term{1, asked, 100s};
  EXPECT_EQ(CredentialsRenewal(term, 0.0).due(), asked + 72s);
  EXPECT_EQ(CredentialsRenewal(term, 0.5).due(), asked + 80s);
  EXPECT_LT(CredentialsRenewal(term, 0.999).due(), asked + 88s);
}

TEST(CredentialsRenewal, LooksAgainSoonWhileThereAreNoNewerOnes) {
  CredentialsRenewal renewal({1, asked, 10s}, 0.5);
  renewal.postpone(asked + 8s);
  EXPECT_EQ(renewal.due(), asked + 8s + 200ms);
  renewal.postpone(asked + 10s - 50ms);
  EXPECT_EQ(renewal.due(), asked + 10s) << "at the end of the term, when they have expired";
  EXPECT_FALSE(renewal.expired(asked + 10s - 1ms));
  EXPECT_TRUE(renewal.expired(asked + 10s));
}

TEST(CredentialsRenewal, LooksAgainAtMostOnceASecond) {
  CredentialsRenewal renewal({1, asked, 1h}, 0.5);
  renewal.postpone(asked + 50min);
  EXPECT_EQ(renewal.due(), asked + 50min + 1s);
}

TEST(CredentialsRenewal, StartsOverOnceAuthenticated) {
  CredentialsRenewal renewal({1, asked, 10s}, 0.5);
  renewal.authenticated({2, asked + 7s, 20s});
  EXPECT_EQ(renewal.number(), 2U);
  EXPECT_EQ(renewal.due(), asked + 23s);
  EXPECT_FALSE(renewal.expired(asked + 26s));
}

TEST(CredentialsRenewal, IsNeitherDueNorExpiredOnceEnded) {
  CredentialsRenewal renewal({1, asked, 10s}, 0.5);
  renewal.end();
  EXPECT_EQ(renewal.due(), TimePoint::max());
  EXPECT_FALSE(renewal.expired(asked + 1h));
}

TEST(AuthenticationCommand, HasUserAndPassword) {
  EXPECT_EQ(authentication_command({"app", Secret("pass")}).reveal(),
            "*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$4\r\npass\r\n");
  EXPECT_EQ(authentication_command({"", Secret("p\r\nq")}).reveal(), "*2\r\n$4\r\nAUTH\r\n$4\r\np\r\nq\r\n");
  EXPECT_EQ(authentication_command({"app", Secret()}).reveal(),
            "*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$0\r\n\r\n");
  EXPECT_TRUE(authentication_command({}).empty());
}

}  // namespace
}  // namespace redstart::inline v0::protocol
