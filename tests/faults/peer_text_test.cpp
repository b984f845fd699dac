// SPDX-License-Identifier: Apache-2.0
// peer_text_test.cpp: faults 94, 103, 120, 121: hostile text and repeated secrets.
#include <redstart/core/peer_text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <time.h>

#include "protocol/handshake_fsm.hpp"
#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {

/// A type whose codec throws the text it decodes.
struct RejectsText {
  std::string text{};
};

}  // namespace redstart::test

template <>
struct redstart::codec<redstart::test::RejectsText> {
  static redstart::test::RejectsText decode(std::string_view text) {
    throw std::runtime_error(std::string(text));
  }
};

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = FakeConnection::Words;

constexpr std::size_t most_bytes = 4096;

// Harmless to logs and terminals. `lines`: the text may have several lines.
void expect_harmless(std::string_view text, bool lines = false) {
  ASSERT_LE(text.size(), most_bytes);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = lines ? std::min(text.find('\n', begin), text.size()) : text.size();
    ASSERT_TRUE(is_presentable(text.substr(begin, end - begin), most_bytes)) << text;
    begin = end + 1;
  }
}

void expect_harmless(const Error& error) {
  expect_harmless(std::string_view(error.what()));
  const std::string explained = error.explain();
  expect_harmless(explained, true);
  ASSERT_EQ(std::count(explained.begin(), explained.end(), '\n'), 4) << explained;
  ASSERT_LE(error.info().server.size(), peer_text_limit);
  ASSERT_LE(error.server_code().size(), peer_text_limit);
}

// Fails the test for each event that could harm a log.
class Watch final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    for (const std::string_view text : {event.database, event.endpoint, event.detail})
      if (!is_presentable(text, most_bytes)) ++harmful_;
    ++events_;
    const std::scoped_lock lock(mutex_);
    text_ += event.detail;
    text_ += '\n';
  }
  [[nodiscard]] std::size_t harmful() const noexcept { return harmful_; }
  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  [[nodiscard]] std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  std::atomic<std::size_t> harmful_{0};
  std::atomic<std::size_t> events_{0};
  mutable std::mutex mutex_{};
  std::string text_{};
};

std::string bulk_error(std::string_view text) {
  return "!" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
// Replaces the bytes that a simple error can't contain.
std::string simple_error(std::string text) {
  std::replace(text.begin(), text.end(), '\r', ' ');
  return "-" + text + "\r\n";
}

// A hostile text that combines all awkward kinds of bytes.
std::string hostile_text(std::mt19937& random, std::size_t size) {
  constexpr std::array<std::string_view, 12> pieces{
      "ERR ", "\n",  "\x1b[2J\x1b[31m", "\xff",     "中", "\\",
      "\x07", "\"'", "\xe2\x80\xae",    "\xc2\x9b", "a",  "\r\n"};
  std::string text;
  text.reserve(size + 16);
  while (text.size() < size && text.size() < 4096) {
    if (random() % 4 == 0)
      text += static_cast<char>(random() % 256);
    else
      text += pieces[random() % pieces.size()];
  }
  for (const std::string start = text; !start.empty() && text.size() < size;)
    text.append(start, 0, size - text.size());
  text.resize(size);
  return text;
}

// Sizes from 1 byte to 64 KiB, equally many per order of magnitude.
std::size_t random_size(std::mt19937& random) {
  const std::size_t magnitude = std::size_t{1} << (random() % 17);
  return magnitude + random() % magnitude;
}

// A server that sends a text in every possible way.
class HostileServer {
 public:
  void send(std::string text) {
    auto next = std::make_shared<const std::string>(std::move(text));
    const std::scoped_lock lock(mutex_);
    text_ = std::move(next);
  }

  [[nodiscard]] FakeServer::Script script() {
    return [this](FakeConnection& connection, std::size_t) {
      connection.serve([this](const Words& words) { return answer(words); });
    };
  }

 private:
  [[nodiscard]] std::string answer(const Words& words) const {
    const std::shared_ptr<const std::string> text = current();
    const std::string key = words.size() > 1 ? words[1] : std::string();
    if (words[0] == "INFO") {
      std::string lines = "redis_version:" + *text + "\r\nredis_mode:" + *text + "\r\nrole:" + *text + "\r\n";
      return resp_bulk(lines + "run_id:" + *text + "\r\nmaxmemory:" + *text + "\r\n");
    }
    if (words[0] == "SETRANGE") return simple_error(*text);
    if (key == "simple") return simple_error(*text);
    if (key == "nested") return "*2\r\n$1\r\nx\r\n" + bulk_error(*text);
    if (key == "value") return resp_bulk(*text);
    return bulk_error(*text);
  }
  [[nodiscard]] std::shared_ptr<const std::string> current() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

  mutable std::mutex mutex_{};
  std::shared_ptr<const std::string> text_ = std::make_shared<const std::string>("ERR");
};

template <class T>
void expect_harmless_failure(const Result<T>& result) {
  ASSERT_FALSE(result);
  expect_harmless(result.error());
}

// Covers every way in which an error of the server, a reply or a codec's exception becomes text.
void expect_harmless_everywhere(RedisConnectionManager& redis, Side side) {
  const Caller caller(redis, side);
  for (const char* const kind : {"simple", "bulk"}) {
    const Error error = caller.error_of("GET", kind);
    if (error.code() == Errc::server_error) {
      EXPECT_EQ(error.effect(), Effect::server_error);
    }
    expect_harmless(error);
  }
  expect_harmless_failure(caller.command<std::vector<std::string>>("GET", "nested"));
  expect_harmless_failure(caller.command<std::int64_t>("GET", "value"));
  expect_harmless_failure(caller.command<RejectsText>("GET", "value"));
  if (side == Side::futures) {
    auto pipe = redis.async_client("main").pipeline();
    const auto simple = pipe.get("simple");
    const auto bulk = pipe.get("bulk");
    const auto number = pipe.command<std::int64_t>("GET", "value");
    const auto rejected = pipe.command<RejectsText>("GET", "value");
    const Replies replies = std::move(pipe).execute()(boost::asio::use_future).get();
    expect_harmless_failure(replies[simple]);
    expect_harmless_failure(replies[bulk]);
    expect_harmless_failure(replies[number]);
    expect_harmless_failure(replies[rejected]);
    return;
  }
  auto pipe = redis.client("main").pipeline();
  const auto simple = pipe.get("simple");
  const auto bulk = pipe.get("bulk");
  const auto number = pipe.command<std::int64_t>("GET", "value");
  const auto nested = pipe.command<std::vector<std::string>>("GET", "nested");
  const Replies replies = pipe.execute();
  expect_harmless_failure(replies[simple]);
  expect_harmless_failure(replies[bulk]);
  expect_harmless_failure(replies[number]);
  expect_harmless_failure(replies[nested]);
  expect_harmless(error_of([&] {
    replies.require_all();
    return 0;
  }));
}

void expect_harmless_statistics(RedisConnectionManager& redis) {
  const DatabaseStats stats = redis.stats("main");
  for (const LastError& error : stats.operations.last_errors) expect_harmless(error.message);
  expect_harmless(stats.circuit.last_failure);
  expect_harmless(to_string(stats.circuit));
}

TEST(Fault103HostileText, IsShortAndEscapedInErrorsRepliesAndCodecs) {
  HostileServer hostile;
  FakeServer server(hostile.script());
  std::mt19937 random(103);
  for (const Side side : all_sides) {
    SCOPED_TRACE(to_string(side));
    const auto watch = std::make_shared<Watch>();
    RedisConfig config = on_side(side, config_at(server.port()));
    config.listener = watch;
    StartedManager redis(config);
    for (int round = 0; round != 300; ++round) {
      hostile.send(hostile_text(random, random_size(random)));
      expect_harmless_everywhere(*redis, side);
      if (HasFatalFailure()) return;
    }
    expect_harmless_statistics(*redis);
    EXPECT_GT(watch->events(), 0U);
    EXPECT_EQ(watch->harmful(), 0U);
  }
}

TEST(Fault103HostileText, HundredMegabyteErrorIsAShortException) {
  HostileServer hostile;
  FakeServer server(hostile.script());
  std::mt19937 random(1030);
  for (const Side side : all_sides) {
    SCOPED_TRACE(to_string(side));
    StartedManager redis(on_side(side, config_at(server.port())));
    for (const std::size_t size : {std::size_t{1} << 20, std::size_t{100} << 20}) {
      hostile.send(hostile_text(random, size));
      expect_harmless(Caller(*redis, side).error_of("GET", "bulk"));
    }
  }
}

TEST(Fault103HostileText, IsShortAndEscapedInReports) {
  HostileServer hostile;
  FakeServer server(hostile.script());
  StartedManager redis(config_at(server.port()));
  std::mt19937 random(1031);
  for (int round = 0; round != 60; ++round) {
    hostile.send(hostile_text(random, random_size(random)));
    const ConnectionReport report = redis->validate_connection("main");
    for (const std::string* const fact :
         {&report.server.version, &report.server.mode, &report.server.role, &report.server.run_id})
      expect_harmless(*fact);
    for (const std::string& note : report.notes) expect_harmless(note);
    if (report.problem) expect_harmless(*report.problem);
    expect_harmless(report.explain(), true);
    if (HasFatalFailure()) return;
  }
}

// Answers the handshake up to that command and refuses it with this text.
FakeServer::Script refusing(std::string command, std::string text) {
  return [command = std::move(command), text = std::move(text)](FakeConnection& connection, std::size_t) {
    try {
      for (Words words = connection.command(); !words.empty(); words = connection.command()) {
        if (words[0] == command)
          connection.send(simple_error(text));
        else if (words[0] == "HELLO" && command == "AUTH")
          connection.send("-ERR unknown command 'HELLO'\r\n");
        else if (words[0] == "HELLO")
          connection.send("%3\r\n+server\r\n+redis\r\n+version\r\n" + resp_bulk(text) + "+mode\r\n" +
                          resp_bulk(text));
        else
          connection.send(words[0] == "PING" ? "+PONG\r\n" : "+OK\r\n");
      }
    } catch (const std::runtime_error&) {  // closed inside of a command
    }
  };
}

TEST(Fault103HostileText, IsShortAndEscapedInHandshakeErrors) {
  std::mt19937 random(1032);
  for (const char* const command : {"HELLO", "AUTH", "SELECT", "PING"}) {
    for (int round = 0; round != 15; ++round) {
      SCOPED_TRACE(command);
      FakeServer server(refusing(command, hostile_text(random, random_size(random))));
      const auto watch = std::make_shared<Watch>();
      RedisConfig config = config_at(server.port());
      config.listener = watch;
      config.defaults.password = Secret("hunter22");
      config.defaults.number = 1;
      config.defaults.timeouts.connect = 500ms;
      StartedManager redis(config);
      const Result<Value> result = Caller(*redis, Side::direct).within(700ms).command<Value>("GET", "k");
      if (!result) expect_harmless(result.error());
      expect_harmless(redis->validate_connection("main").explain(), true);
      expect_harmless_statistics(*redis);
      EXPECT_EQ(watch->harmful(), 0U);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Fault103HostileText, IsEscapedByEveryError) {
  std::mt19937 random(1033);
  for (int round = 0; round != 200; ++round) {
    ErrorInfo info;
    info.code = Errc::server_error;
    for (std::string* const text :
         {&info.command, &info.database, &info.endpoint, &info.what, &info.server, &info.advice})
      *text = hostile_text(random, random_size(random));
    expect_harmless(Error(info));
    if (HasFatalFailure()) return;
  }
}

// --- Secrets

// True if the text contains the secret, or a recognisable part of it.
bool shows(std::string_view text, std::string_view secret) {
  for (std::size_t at = 0; at + 6 <= secret.size(); ++at)
    if (text.find(secret.substr(at, 6)) != std::string_view::npos) return true;
  return text.find(secret) != std::string_view::npos;
}

void expect_hidden(const Error& error, std::string_view secret) {
  EXPECT_FALSE(shows(error.explain(), secret)) << error.explain();
  EXPECT_FALSE(shows(error.info().server, secret));
  EXPECT_THAT(error.info().server, HasSubstr("ERR")) << "the rest must be shown";
}

// A complete handshake, then `answer(words)` for all commands but PING.
template <class Answer>
FakeServer::Script after_handshake(Answer answer) {
  return [answer](FakeConnection& connection, std::size_t) {
    bool ready = false;
    try {
      for (Words words = connection.command(); !words.empty(); words = connection.command()) {
        if (words[0] == "PING") {
          ready = true;
          connection.send("+PONG\r\n");
        } else if (ready) {
          connection.send(answer(words));
        } else if (words[0] == "HELLO") {
          connection.send("%1\r\n+server\r\n+redis\r\n");
        } else {
          connection.send("+OK\r\n");
        }
      }
    } catch (const std::runtime_error&) {  // closed inside of a command
    }
  };
}

// Repeats all arguments in an error.
std::string echoed(const Words& words) {
  std::string text = "ERR wrong:";
  for (const std::string& word : words) text += " '" + word + "'";
  return simple_error(text);
}

constexpr std::string_view secret = "ol'd-Pass=w0rd";

std::vector<Words> commands_with_secrets() {
  const std::string word(secret);
  return {{"ACL", "SETUSER", "app", "on", "<" + word},
          {"acl", "setuser", "app", ">" + word, "+@all"},
          {"ACL", "SETUSER", "app", word},
          {"CONFIG", "SET", "requirepass", word},
          {"config", "set", "maxmemory", "1mb", "tls-key-file-pass", word},
          {"CONFIG", "SET", "masterauth", word},
          {"CONFIG", "SET", word, "masterauth"},
          {"MIGRATE", "host", "6379", "key", "0", "100", "AUTH", word},
          {"MIGRATE", "host", "6379", "key", "0", "100", "auth2", "user", word},
          {"SENTINEL", "SET", "main", "auth-pass", word}};
}
std::vector<Words> session_commands_with_secrets() {
  const std::string word(secret);
  return {{"AUTH", word}, {"AUTH", "app", word}, {"auth", word, "app"}, {"HELLO", "3", "AUTH", "app", word}};
}

template <class Run>
auto with_words(const Words& words, Run run) {
  const auto at = [&words](std::size_t i) { return words.at(i); };
  switch (words.size()) {
    case 2: return run(at(0), at(1));
    case 3: return run(at(0), at(1), at(2));
    case 4: return run(at(0), at(1), at(2), at(3));
    case 5: return run(at(0), at(1), at(2), at(3), at(4));
    case 6: return run(at(0), at(1), at(2), at(3), at(4), at(5));
    case 8: return run(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
    default: return run(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8));
  }
}

TEST(Fault120RepeatedArguments, ErrorsHideSecretsOfTheCommand) {
  FakeServer server(after_handshake(echoed));
  for (const Side side : all_sides) {
    SCOPED_TRACE(to_string(side));
    const auto watch = std::make_shared<Watch>();
    RedisConfig config = on_side(side, config_at(server.port()));
    config.listener = watch;
    StartedManager redis(config);
    const Caller caller(*redis, side);
    for (const Words& words : commands_with_secrets()) {
      SCOPED_TRACE(words[0] + ' ' + words[1]);
      expect_hidden(with_words(words, [&](const auto&... word) { return caller.error_of(word...); }), secret);
    }
    EXPECT_FALSE(shows(watch->text(), secret));
  }
}

TEST(Fault120RepeatedArguments, ScopedHandlesHideSecretsOfTheCommand) {
  FakeServer server(after_handshake(echoed));
  StartedManager redis(config_at(server.port()));
  const ScopedClient own = redis->scoped_client("main");
  for (const Words& words : session_commands_with_secrets()) {
    SCOPED_TRACE(words[0]);
    expect_hidden(error_of([&] {
                    return with_words(words,
                                      [&](const auto&... word) { return own.command<Value>(word...); });
                  }),
                  secret);
  }
}

TEST(Fault120RepeatedArguments, PipelinesHideSecretsOfTheirCommands) {
  FakeServer server(after_handshake(echoed));
  for (const std::size_t direct_limit : {0U, 10U}) {
    RedisConfig config = config_at(server.port());
    config.defaults.direct_limit = direct_limit;
    StartedManager redis(config);
    auto pipe = redis->client("main").pipeline();
    std::vector<Slot<Value>> slots;
    for (const Words& words : commands_with_secrets()) {
      static_cast<void>(pipe.get("something else"));
      slots.push_back(with_words(words, [&](const auto&... word) { return pipe.command<Value>(word...); }));
    }
    const Replies replies = pipe.execute();
    for (const Slot<Value> slot : slots) expect_hidden(replies[slot].error(), secret);
  }
  StartedManager redis(config_at(server.port()));
  auto pipe = redis->async_client("main").pipeline();
  std::vector<Slot<Value>> slots;
  for (const Words& words : commands_with_secrets()) {
    static_cast<void>(pipe.get("something else"));
    slots.push_back(with_words(words, [&](const auto&... word) { return pipe.command<Value>(word...); }));
  }
  const Replies replies = std::move(pipe).execute()(boost::asio::use_future).get();
  for (const Slot<Value> slot : slots) expect_hidden(replies[slot].error(), secret);
}

TEST(Fault120RepeatedArguments, TransactionsHidePasswordsOfAclSetuser) {
  FakeServer server(after_handshake([](const Words& words) -> std::string {
    if (words[0] == "MULTI") return "+OK\r\n";
    if (words[0] != "EXEC") return "+QUEUED\r\n";
    return "*1\r\n-ERR Error in ACL SETUSER modifier '<" + std::string(secret) +
           "': The password does not exist\r\n";
  }));
  StartedManager redis(config_at(server.port()));
  const ScopedClient own = redis->scoped_client("main");
  const Error error = error_of([&] { return own.command<std::vector<std::string>>("EXEC"); });
  EXPECT_FALSE(shows(error.what(), secret)) << error.what();
  EXPECT_THAT(error.what(), HasSubstr("ACL SETUSER modifier '***': The password does not exist"));
}

TEST(Fault121ChangedSecrets, ErrorsHidePasswordOfTheDatabase) {
  constexpr std::string_view password = "pa\"ss\r\nwo\\rd\xc3\xa4z-tail-of-it";
  constexpr std::array<std::string_view, 6> forms{"pa\"ss  wo\\rd\xc3\xa4z-tail-of-it",            // blanks
                                                  "pa\\\"ss\\r\\nwo\\\\rd\\xc3\\xa4z-tail-of-it",  // escapes
                                                  "pa\"ss..wo\\rd??z-tail-of-it",                  // marks
                                                  "PA\"SS WO\\RD\xc3\xa4Z-TAIL-OF-IT",             // capitals
                                                  "pa\"ss wo\\rd...",  // its beginning
                                                  "...z-tail-of-it"};  // its end
  std::atomic<std::size_t> form{0};
  FakeServer server(after_handshake(
      [&](const Words&) { return simple_error("ERR no '" + std::string(forms[form.load()]) + "' here"); }));
  for (const Side side : all_sides) {
    SCOPED_TRACE(to_string(side));
    RedisConfig config = on_side(side, config_at(server.port()));
    config.defaults.password = Secret(password);
    StartedManager redis(config);
    for (form = 0; form != forms.size(); ++form) {
      const Error error = Caller(*redis, side).error_of("GET", "k");
      for (const std::string_view part : {"pa\"ss", "wo\\\\rd", "wo\\rd", "tail", "PA\"SS", "TAIL"})
        EXPECT_THAT(error.explain(), Not(HasSubstr(part)));
      EXPECT_THAT(error.info().server, HasSubstr("ERR no '"));
    }
  }
}

TEST(Fault121ChangedSecrets, HandshakeErrorsHideThePassword) {
  for (const char* const command : {"HELLO", "AUTH", "PING"}) {
    SCOPED_TRACE(command);
    const std::string text = "ERR no 'hunter\\x32 2-tail' and 'HUNTER2  2-TAIL' and 'hunter2\t2-tail";
    FakeServer server(refusing(command, text));
    const auto watch = std::make_shared<Watch>();
    RedisConfig config = config_at(server.port());
    config.listener = watch;
    config.defaults.password = Secret("hunter2\r\n2-tail");
    if (std::string_view(command) == "HELLO") config.defaults.protocol = Protocol::resp3;
    StartedManager redis(config);
    const Result<Value> result = Caller(*redis, Side::direct).command<Value>("GET", "k");
    for (const std::string& shown : {result ? std::string() : result.error().explain(), watch->text(),
                                     redis->validate_connection("main").explain()}) {
      EXPECT_THAT(shown, Not(HasSubstr("hunter")));
      EXPECT_THAT(shown, Not(HasSubstr("tail")));
      EXPECT_THAT(shown, Not(HasSubstr("TAIL")));
    }
  }
}

TEST(Fault121ChangedSecrets, OneBytePasswordLeavesMessagesReadable) {
  FakeServer server(refusing("HELLO", "WRONGPASS invalid username-password pair or user is disabled."));
  RedisConfig config = config_at(server.port());
  config.defaults.password = Secret("a");
  config.defaults.protocol = Protocol::resp3;
  StartedManager redis(config);
  EXPECT_THAT(Caller(*redis, Side::direct).error_of("GET", "k").what(),
              HasSubstr("WRONGPASS invalid username-password pair or user is disabled."));
}

// Processor time of this thread, in nanoseconds; never 0.
template <class F>
double cost(F call) {
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  };
  const double begin = used();
  call();
  return used() - begin + 1;
}

// A small multiple of the time for a harmless text of that size. A quadratic search took 700 times as long.
TEST(Fault94RepeatedPassword, HandshakeScansMegabyteOfItsBeginningsInLinearTime) {
  const std::string password = std::string(20'000, 'p') + 'x';
  protocol::HandshakeSettings settings;
  settings.password = password;
  settings.protocol = Protocol::resp3;
  const auto of = [&settings](char c) {
    const std::string reply = "-ERR " + std::string(1'000'000, c) + "\r\n";
    return cost([&] {
      for (int i = 0; i != 10; ++i) {
        protocol::HandshakeFsm handshake(settings);
        static_cast<void>(handshake.start());
        static_cast<void>(handshake.on_reply(reply));
        EXPECT_THAT(handshake.failure().server, HasSubstr("ERR "));
        EXPECT_FALSE(shows(handshake.failure().server, std::string(10, 'p')));
      }
    });
  };
  static_cast<void>(of('-'));
  const double harmless = of('-');
  EXPECT_LT(of('p'), 20 * harmless);
}

}  // namespace
}  // namespace redstart::test
