// SPDX-License-Identifier: Apache-2.0
// error_test.cpp: messages and exception types of Error.
#include <redstart/core/error.hpp>
#include <redstart/core/peer_text.hpp>
#include <redstart/core/runbook.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ErrorInfo lost_get() {
  ErrorInfo info;
  info.code = Errc::connection_lost;
  info.effect = Effect::indeterminate;
  info.remedy = Remedy::retry;
  info.command = "GET";
  info.database = "main";
  info.endpoint = "localhost:6379";
  info.what = "the server closed the connection";
  info.elapsed = 1'200us;
  info.advice = "See the server's log";
  return info;
}

template <class T>
bool raised_exactly_as(const Error& error) {
  try {
    error.raise();
  } catch (const Error& caught) {
    return typeid(caught) == typeid(T) && caught.code() == error.code();
  }
}

TEST(ErrorExplanation, NamesEffectRemedyAndRunbookEntry) {
  EXPECT_EQ(Error(lost_get()).explain(),
            "GET on database \"main\" at localhost:6379: the server closed the connection after 1.2 ms; it "
            "was sent and may have been executed. See the server's log\n"
            "  code     connection_lost: the connection broke during the exchange\n"
            "  effect   indeterminate: it may have run or may still run; repeat it only if it may run twice\n"
            "  remedy   retry: repeat the same call a little later\n"
            "  runbook  docs/runbook.md#connection_lost");
}

TEST(ErrorExplanation, LinksToEntryOfServerErrorCodeIfThereIsOne) {
  EXPECT_EQ(runbook_entry(Errc::server_error, "OOM command not allowed"), "docs/runbook.md#oom");
  EXPECT_EQ(runbook_entry(Errc::authentication_failed, "WRONGPASS invalid"), "docs/runbook.md#wrongpass");
  EXPECT_EQ(runbook_entry(Errc::server_error, "NOSCRIPT No matching script. Please use EVAL."),
            "docs/runbook.md#noscript");
  EXPECT_EQ(runbook_entry(Errc::handshake_failed, "ERR max number of clients reached"),
            "docs/runbook.md#maxclients");
  EXPECT_EQ(runbook_entry(Errc::server_error, "WRONGTYPE Operation"), "docs/runbook.md#server_error");
  EXPECT_EQ(runbook_entry(Errc::timeout), "docs/runbook.md#timeout");
}

TEST(ErrorMessage, ListsItsPartsInFixedOrder) {
  EXPECT_STREQ(
      Error(lost_get()).what(),
      "GET on database \"main\" at localhost:6379: the server closed the connection after 1.2 ms; it "
      "was sent and may have been executed. See the server's log");
}

TEST(ErrorMessage, NamesNumberOfAttemptsAboveOne) {
  ErrorInfo info = lost_get();
  EXPECT_EQ(info.attempts, 1U);
  info.attempts = 3;
  EXPECT_THAT(Error(info).what(),
              HasSubstr(": the server closed the connection after 3 attempts in 1.2 ms; it"));
  info.elapsed = 0ns;
  EXPECT_THAT(Error(info).what(), HasSubstr(": the server closed the connection after 3 attempts; it"));
  info.what.clear();
  info.server = "BUSY Redis is busy";
  EXPECT_THAT(Error(info).what(), HasSubstr("; the server replied after 3 attempts: \"BUSY"));
}

TEST(ErrorMessage, QuotesServerMessage) {
  ErrorInfo info = lost_get();
  info.code = Errc::server_error;
  info.effect = Effect::server_error;
  info.what.clear();
  info.advice.clear();
  info.elapsed = 0ns;
  info.server = "WRONGTYPE Operation against a key";
  EXPECT_STREQ(
      Error(info).what(),
      "GET on database \"main\" at localhost:6379: the server replied: \"WRONGTYPE Operation against a "
      "key\"");
  info.effect = Effect::not_sent;
  EXPECT_STREQ(Error(info).what(),
               "GET on database \"main\" at localhost:6379: nothing was executed; the server replied: "
               "\"WRONGTYPE Operation against a key\"");
  info.elapsed = 12ms;
  EXPECT_STREQ(Error(info).what(),
               "GET on database \"main\" at localhost:6379: nothing was executed; the server replied after "
               "12 ms: \"WRONGTYPE Operation against a key\"");
}

TEST(ErrorMessage, SaysNothingWasExecutedOnlyForCommands) {
  ErrorInfo info = lost_get();
  info.effect = Effect::not_sent;
  EXPECT_THAT(Error(info).what(), HasSubstr("nothing was executed"));
  info.command.clear();
  EXPECT_THAT(Error(info).what(),
              AllOf(HasSubstr("database \"main\" at"), Not(HasSubstr("executed")), Not(HasSubstr(" on "))));
}

TEST(ErrorMessage, FormatsShortAndLongTimes) {
  const auto text = [](std::chrono::nanoseconds elapsed) {
    ErrorInfo info;
    info.what = "x";
    info.elapsed = elapsed;
    return std::string(Error(info).what());
  };
  EXPECT_EQ(text(0ns), "x");
  EXPECT_EQ(text(40us), "x after 0.0 ms");
  EXPECT_EQ(text(9'940us), "x after 9.9 ms");
  EXPECT_EQ(text(250ms), "x after 250 ms");
  EXPECT_EQ(text(5s), "x after 5.0 s");
}

TEST(Error, RaisesExceptionTypeOfItsCode) {
  for (const ErrcInfo& row : errc_table) {
    const Errc code = row.code;
    SCOPED_TRACE(to_string(code));
    ErrorInfo info;
    info.code = code;
    const Error error(info);
    if (is_unavailable(code))
      EXPECT_TRUE(raised_exactly_as<Unavailable>(error));
    else if (code == Errc::timeout)
      EXPECT_TRUE(raised_exactly_as<Timeout>(error));
    else if (code == Errc::server_error)
      EXPECT_TRUE(raised_exactly_as<ServerError>(error));
    else
      EXPECT_TRUE(raised_exactly_as<Error>(error));
  }
}

TEST(Error, IsUnavailableOnlyForCodesOfUnreachableDatabases) {
  std::vector<Errc> unavailable;
  for (const ErrcInfo& row : errc_table) {
    if (is_unavailable(row.code)) unavailable.push_back(row.code);
  }
  EXPECT_THAT(unavailable, ::testing::UnorderedElementsAre(
                               Errc::closed, Errc::resolve_failed, Errc::connect_refused,
                               Errc::connect_timeout, Errc::connect_failed, Errc::resource_exhausted,
                               Errc::handshake_failed, Errc::authentication_failed, Errc::tls_failed,
                               Errc::loading, Errc::unavailable, Errc::circuit_open, Errc::pool_timeout));
}

TEST(Error, IsFinalIfSameCallCanNotSucceedLater) {
  std::vector<Errc> final;
  for (const ErrcInfo& row : errc_table) {
    if (is_final(row.code)) final.push_back(row.code);
  }
  EXPECT_THAT(final, ::testing::UnorderedElementsAre(Errc::configuration, Errc::unknown_database,
                                                     Errc::not_started, Errc::closed, Errc::decode_error,
                                                     Errc::cancelled, Errc::would_deadlock, Errc::forked,
                                                     Errc::not_allowed, Errc::invalid_argument));
  EXPECT_TRUE(is_final(static_cast<Errc>(250)));
}

TEST(Error, HasDistinctNameForEachCode) {
  std::vector<std::string_view> names;
  for (const ErrcInfo& row : errc_table) names.push_back(to_string(row.code));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(std::find(names.begin(), names.end(), "unknown"), names.end());
  EXPECT_EQ(to_string(static_cast<Errc>(250)), "unknown");
  EXPECT_EQ(to_string(Effect::indeterminate), "indeterminate");
  EXPECT_EQ(to_string(Remedy::reconnect), "reconnect");
}

TEST(Error, SharesContentAmongCopiesWithoutThrowing) {
  static_assert(std::is_nothrow_copy_constructible_v<Error>);
  static_assert(std::is_nothrow_copy_assignable_v<Error>);
  const Error error(lost_get());
  const Error copy = error;
  EXPECT_EQ(copy.what(), error.what()) << "copies refer to the same text";
}

TEST(Error, ReturnsErrorCodeOfServerMessage) {
  ErrorInfo info;
  EXPECT_EQ(Error(info).server_code(), "");
  info.server = "OOM command not allowed";
  EXPECT_EQ(Error(info).server_code(), "OOM");
  info.server = "LOADING";
  EXPECT_EQ(Error(info).server_code(), "LOADING");
}

TEST(Error, EscapesAndShortensPeerTexts) {
  const std::string hostile = "\x1b[2J\n\xff" + std::string(100'000, 'x');
  const std::string beginning = "\\x1b[2J\\n\\xff";
  ErrorInfo info;
  info.code = Errc::server_error;
  info.command = info.database = info.endpoint = info.what = info.server = info.advice = hostile;
  const Error error(info);
  for (const std::string* const text : {&error.info().command, &error.info().database, &error.info().endpoint,
                                        &error.info().server, &error.info().advice}) {
    EXPECT_TRUE(is_presentable(*text)) << *text;
    EXPECT_TRUE(text->starts_with(beginning)) << *text;
  }
  EXPECT_TRUE(is_presentable(error.info().what, 1536));
  EXPECT_TRUE(is_presentable(error.what(), 3584)) << error.what();
  EXPECT_LE(error.explain().size(), 4096U);
}

TEST(ConfigError, EscapesAndShortensPeerTexts) {
  const ConfigError error({{"REDIS\nURL", std::string(100'000, '\x07'), "a\rb"}, {"b", "c", "d"}});
  EXPECT_EQ(error.faults()[0].where, "REDIS\\nURL");
  EXPECT_TRUE(is_presentable(error.faults()[0].what));
  EXPECT_EQ(error.faults()[0].remedy, "a\\rb");
  const std::string_view text = error.what();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find_first_of("\r\x07"), std::string_view::npos);
  EXPECT_LT(text.size(), 700U);
}

TEST(ConfigError, ListsEveryFaultWithItsRemedy) {
  const ConfigError error(
      {{"REDIS_URL", "is no URL", "write redis://host:6379/0"}, {"service", "is empty", ""}});
  EXPECT_STREQ(
      error.what(),
      "2 faults in the configuration\n  REDIS_URL: is no URL; write redis://host:6379/0\n  service: is "
      "empty");
  EXPECT_EQ(error.code(), Errc::configuration);
  EXPECT_EQ(error.remedy(), Remedy::never);
  ASSERT_EQ(error.faults().size(), 2U);
  EXPECT_EQ(error.faults()[1].where, "service");
  EXPECT_THAT(ConfigError({{"a", "b", "c"}}).what(), HasSubstr("1 fault in"));
}

}  // namespace
}  // namespace redstart
