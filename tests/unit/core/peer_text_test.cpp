// SPDX-License-Identifier: Apache-2.0
// peer_text_test.cpp: escaping, shortening and redaction of peer text.
#include <redstart/core/peer_text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

namespace redstart {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string without(std::string_view secret, std::string_view text) {
  const std::array secrets{secret};
  return peer_text(text, {.secrets = secrets});
}

TEST(PeerText, KeepsPrintableText) {
  for (const std::string_view text : {"", "ERR no", "WRONGTYPE \"quoted\" and \\ back", "größer 中 😀 … —"}) {
    EXPECT_EQ(peer_text(text), text);
    EXPECT_TRUE(is_presentable(text));
  }
}

TEST(PeerText, EscapesControlCharacters) {
  EXPECT_EQ(peer_text("ERR \x1b[31mred\x07 a\nb\r\tc\x7f"), "ERR \\x1b[31mred\\x07 a\\nb\\r\\tc\\x7f");
  EXPECT_EQ(peer_text(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(peer_text("csi \xc2\x9b!"), "csi \\xc2\\x9b!");  // C1 in UTF-8
  EXPECT_EQ(peer_text("\xe2\x80\xae"
                      "desrever"),
            "\\xe2\\x80\\xae"
            "desrever");  // right-to-left override
  EXPECT_EQ(peer_text("line\xe2\x80\xa8line"), "line\\xe2\\x80\\xa8line");
}

TEST(PeerText, EscapesInvalidUtf8) {
  EXPECT_EQ(peer_text("a\xff"
                      "b"),
            "a\\xff"
            "b");
  EXPECT_EQ(peer_text("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(peer_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(peer_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above the last code point
  EXPECT_EQ(peer_text("cut \xe4\xb8"), "cut \\xe4\\xb8");
}

TEST(PeerText, ShortensTextAndCountsOmittedBytes) {
  EXPECT_EQ(peer_text(std::string(512, 'x')), std::string(512, 'x'));
  EXPECT_EQ(peer_text(std::string(513, 'x')), std::string(472, 'x') + "… (41 more bytes)");
  EXPECT_EQ(peer_text(std::string(100, 'x'), {.whole = 1'000'000}),
            std::string(100, 'x') + "… (999900 more bytes)");
  EXPECT_EQ(peer_text("abcdefgh", {.most = 7}), "abcd…");
  EXPECT_EQ(peer_text("abcdefgh", {.most = 2}), "");
}

TEST(PeerText, CutsBetweenCharacters) {
  for (std::size_t lead = 0; lead != 4; ++lead) {
    std::string text(lead, 'x');
    for (int i = 0; i != 300; ++i) text += "中";
    const std::string shown = peer_text(text);
    EXPECT_LE(shown.size(), peer_text_limit);
    EXPECT_THAT(shown, Not(HasSubstr("\\x")));
    EXPECT_THAT(shown, EndsWith(" more bytes)"));
  }
}

TEST(PeerText, RemovesArgumentsRepeatedByServer) {
  EXPECT_EQ(peer_text("ERR unknown command 'AHTU', with args beginning with: 'hunter22' 'x' "),
            "ERR unknown command 'AHTU'");
  EXPECT_EQ(peer_text("ERR Error in ACL SETUSER modifier '<old': pass': The password does not exist"),
            "ERR Error in ACL SETUSER modifier '***': The password does not exist");
  EXPECT_EQ(peer_text("ERR Error in ACL SETUSER modifier '<" + std::string(10'000, 'p') + "': The password"),
            "ERR Error in ACL SETUSER modifier '***… (9539 more bytes)");
  EXPECT_EQ(peer_text("ERR Invalid argument 'hunter22' for CONFIG SET 'requirepass'"),
            "ERR Invalid argument '***' for CONFIG SET 'requirepass'");
  EXPECT_EQ(peer_text("ERR Invalid argument 'big' for CONFIG SET 'maxmemory'"),
            "ERR Invalid argument 'big' for CONFIG SET 'maxmemory'");
}

TEST(PeerText, ReplacesSecrets) {
  EXPECT_EQ(without("hunter22", "ERR no user hunter22, no"), "ERR no user ***, no");
  EXPECT_EQ(without("hunter22", "ERR HUNTER22"), "ERR ***");
  EXPECT_EQ(without("hunter22", "hunter22hunter22"), "***");
  EXPECT_EQ(without("", "ERR no"), "ERR no");
  EXPECT_EQ(without("hunter22", "ERR no"), "ERR no");
}

TEST(PeerText, ReplacesTruncatedSecrets) {
  EXPECT_EQ(without("hunter22", "ERR 'hunt..."), "ERR '***...");
  EXPECT_EQ(without("hunter22", "ERR '...er22'"), "ERR '...***'");
  EXPECT_EQ(without("correct-horse-battery", "ERR '..t-horse-b..'"), "ERR '..***..'");
  // Truncated by the client: one byte may be the beginning of the secret.
  EXPECT_EQ(without("hunter22", std::string(510, ' ') + "hunter22"),
            std::string(472, ' ') + "… (46 more bytes)");
  const std::array<std::string_view, 1> secrets{"hunter22"};
  EXPECT_EQ(peer_text("ERR 'hu", {.whole = 5000, .secrets = secrets}), "ERR '***… (4993 more bytes)");
  EXPECT_EQ(peer_text("ERR \\x68unter2\\x", {.whole = 5000, .secrets = secrets}),
            "ERR ***\\x… (4984 more bytes)");
}

TEST(PeerText, ReplacesSecretsAsQuotedByServers) {
  constexpr std::string_view secret = "pa\"ss\r\nwo\\rd\xc3\xa4z";
  for (const std::string_view form :
       {"pa\"ss\r\nwo\\rd\xc3\xa4z", "pa\"ss  wo\\rd\xc3\xa4z", "pa\"ss wo\\rd\xc3\xa4z",
        "pa\\\"ss\\r\\nwo\\\\rd\\xc3\\xa4z", "pa\\\"ss\\x0d\\x0awo\\\\rd\\xC3\\xA4z",
        "pa\\\"ss\\u000d\\u000awo\\\\rd\\u00e4z", "pa\"ss..wo\\rd?z", "pa\"ss??wo\\rd??z",
        "pa\"ss wo\\rd\xef\xbf\xbdz"}) {
    EXPECT_EQ(without(secret, "ERR '" + std::string(form) + "' is wrong"), "ERR '***' is wrong") << form;
  }
  EXPECT_EQ(without("слово-пароль",
                    "ERR '\\xd1\\x81\\xd0\\xbb\\xd0\\xbe\\xd0\\xb2\\xd0\\xbe-"
                    "\\xd0\\xbf\\xd0\\xb0\\xd1\\x80\\xd0\\xbe\\xd0\\xbb\\xd1\\x8c'"),
            "ERR '***'");
}

TEST(PeerText, KeepsOrdinaryWordsWhenSecretIsShort) {
  EXPECT_EQ(without("a", "ERR unbalanced bracket"), "ERR unbalanced bracket");
  EXPECT_EQ(without("a", "ERR not 'a' word"), "ERR ***");
  EXPECT_EQ(without("a", "bad: a"), "***");
  EXPECT_EQ(without("a", "WRONGPASS invalid username-password pair or user is disabled."),
            "WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT_EQ(without("password", "WRONGPASS invalid username-password pair or user is disabled."),
            "WRONGPASS invalid username-password pair or user is disabled.");
}

TEST(PeerText, KeepsFixedMessagesOfRedisAndValkey) {
  for (const std::string_view message :
       {"LOADING Redis is loading the dataset in memory", "LOADING Valkey is loading the dataset in memory",
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "NOSCRIPT No matching script. Please use EVAL.", "NOSCRIPT No matching script."}) {
    EXPECT_EQ(without("script", message), message);
    EXPECT_EQ(without("loading", message), message);
  }
}

TEST(PeerText, KeepsErrorCode) {
  EXPECT_EQ(without("LOADING Redis", "LOADING Redis is away"), "LOADING*** is away");
  EXPECT_EQ(without("hunter22", "hunter22 is away"), "*** is away");
}

TEST(PeerText, FindsBothEndsOfLongSecrets) {
  std::mt19937 random(7);
  std::string secret;
  for (int i = 0; i != 100'000; ++i) secret += static_cast<char>('!' + random() % 90);
  EXPECT_THAT(without(secret, "ERR '" + secret + "'"), StartsWith("ERR '***… ("));
  EXPECT_EQ(without(secret, "ERR '" + secret.substr(0, 128) + "'"), "ERR '***'");
  EXPECT_EQ(without(secret, "ERR '" + secret.substr(secret.size() - 128) + "'"), "ERR '***'");
}

// Returns a random text of awkward pieces.
std::string awkward(std::mt19937& random, std::size_t size) {
  constexpr std::array<std::string_view, 14> pieces{"a",        "\n", "\x1b[2J", "\xff",         "中",
                                                    "😀",        "\\", "\\x4",    "\xe2\x80\xae", "'",
                                                    "\xc2\x9b", " ",  "\"",      "ERR "};
  std::string text;
  while (text.size() < size) {
    if (random() % 4 == 0)
      text += static_cast<char>(random() % 256);
    else
      text += pieces[random() % pieces.size()];
  }
  text.resize(size);
  return text;
}

TEST(PeerText, IsShortPrintableAndIdempotentForAnyText) {
  std::mt19937 random(1);
  for (int round = 0; round != 500; ++round) {
    const std::size_t size = round % 30 == 0 ? 20'000 : random() % 700;
    const std::string text = awkward(random, size);
    const std::size_t most = round % 2 == 0 ? peer_text_limit : random() % 600;
    const std::string shown = peer_text(text, {.most = most});
    ASSERT_TRUE(is_presentable(shown, most)) << round;
    ASSERT_EQ(peer_text(shown, {.most = most}), shown) << round;
    if (is_presentable(text, most)) {
      ASSERT_EQ(shown, text);
    }
  }
}

TEST(PeerText, HidesSecretAtAnyPosition) {
  std::mt19937 random(2);
  for (int round = 0; round != 500; ++round) {
    std::string secret = "Q7%Z";
    const std::size_t size = 4 + random() % 40;
    while (secret.size() < size) secret += static_cast<char>("QWXZ7%&\\'\"\n ?.=_"[random() % 16]);
    std::string text = awkward(random, random() % 600);
    text.insert(random() % (text.size() + 1), secret);
    const std::array<std::string_view, 1> secrets{secret};
    const std::string shown = peer_text(text, {.secrets = secrets});
    ASSERT_TRUE(is_presentable(shown));
    ASSERT_EQ(shown.find(secret), std::string::npos) << round;
    ASSERT_EQ(shown.find(peer_text(secret)), std::string::npos) << round << ' ' << secret << '\n' << shown;
  }
}

// Returns the least processor time of one of `times` calls on this thread in nanoseconds; at least 1. Other
// processes can make a call slower, but not faster.
template <class F>
double cost(int times, F call) {
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  };
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i != times; ++i) {
    const double begin = used();
    call();
    least = std::min(least, used() - begin + 1);
  }
  return least;
}

TEST(PeerText, CostsNoMoreForOmittedText) {
  const std::array<std::string_view, 1> secrets{"hunter22"};
  const std::string text(std::size_t{100} << 20, '\x1b');
  const std::string_view all = text;
  const auto of = [&](std::size_t size) {
    return cost(300, [&] { static_cast<void>(peer_text(all.substr(0, size), {.secrets = secrets})); });
  };
  static_cast<void>(of(1000));
  EXPECT_LT(of(all.size()), 20 * of(1000));
}

TEST(PeerText, TakesLinearTimeForRepeatedSecretPrefixes) {
  const std::string text(64'000, 'a');
  const auto of = [&](char repeated) {
    const std::string secret = std::string(1000, repeated) + 'b';
    const std::array<std::string_view, 1> secrets{secret};
    return cost(20, [&] { static_cast<void>(peer_text(text, {.most = text.size(), .secrets = secrets})); });
  };
  static_cast<void>(of('x'));
  // A search that begins again at each byte would read 1000 bytes for each. The text's size and the memory
  // used are the same for both secrets: page faults cost more than the search on some machines.
  EXPECT_LT(of('a'), 10 * of('x'));
}

}  // namespace
}  // namespace redstart
