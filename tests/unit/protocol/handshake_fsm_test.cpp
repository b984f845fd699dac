// SPDX-License-Identifier: Apache-2.0
// handshake_fsm_test.cpp: every path of the handshake, and failures at each step.
#include "protocol/handshake_fsm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = HandshakeFsm::Action::Kind;

constexpr std::string_view ok = "+OK\r\n";
constexpr std::string_view pong = "+PONG\r\n";
constexpr std::string_view hello3 = "%1\r\n$5\r\nproto\r\n:3\r\n";
constexpr std::string_view no_hello =
    "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' \r\n";
constexpr std::string_view no_setinfo =
    "-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'\r\n";
constexpr std::string_view loading = "-LOADING Redis is loading the dataset in memory\r\n";
constexpr std::string_view loading_info = "$49\r\nloading_loaded_perc:37.50\r\nloading_eta_seconds:12\r\n";
constexpr std::string_view wrongpass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
constexpr std::string_view noauth = "-NOAUTH Authentication required.\r\n";
constexpr std::string_view maxclients = "-ERR max number of clients reached\r\n";

// Returns a command as encoded for the wire.
std::string wire(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n";
    bytes.append(word).append("\r\n");
  }
  return bytes;
}

const std::string setinfo =
    wire({"CLIENT", "SETINFO", "LIB-NAME", "redstart"}) + wire({"CLIENT", "SETINFO", "LIB-VER", version()});
const std::string ping = wire({"PING"});

// Plays the server for one state machine.
class Script {
 public:
  explicit Script(HandshakeSettings settings) : settings_(settings), machine_(settings_) {
    action_ = machine_.start();
  }

  Script& sends(std::string_view bytes) {
    EXPECT_EQ(action_.kind, Kind::send);
    EXPECT_EQ(action_.bytes, bytes);
    return *this;
  }
  Script& reply(std::string_view frame) {
    EXPECT_TRUE(action_.kind == Kind::send || action_.kind == Kind::receive);
    action_ = machine_.on_reply(frame);
    return *this;
  }
  Script& replies(std::initializer_list<std::string_view> frames) {
    for (const std::string_view frame : frames) reply(frame);
    return *this;
  }
  std::chrono::milliseconds waits() {
    EXPECT_EQ(action_.kind, Kind::wait);
    EXPECT_TRUE(machine_.loading());
    const auto delay = action_.delay;
    action_ = machine_.on_delay();
    return delay;
  }
  void ready() {
    EXPECT_EQ(action_.kind, Kind::ready);
    EXPECT_FALSE(machine_.loading());
  }
  HandshakeFsm::Failure fails() {
    EXPECT_EQ(action_.kind, Kind::fail);
    return machine_.failure();
  }
  [[nodiscard]] Kind kind() const { return action_.kind; }
  [[nodiscard]] const HandshakeFsm& machine() const { return machine_; }

 private:
  HandshakeSettings settings_;
  HandshakeFsm machine_;
  HandshakeFsm::Action action_{};
};

HandshakeSettings everything() { return {"ann", "s3cret-pw", "svc:main", 3, Protocol::automatic}; }
HandshakeSettings everything3() { return {"ann", "s3cret-pw", "svc:main", 3, Protocol::resp3}; }
HandshakeSettings everything2() { return {"ann", "s3cret-pw", "svc:main", 3, Protocol::resp2}; }

TEST(Handshake, SendsHelloThenTheRestInOneBatchWithResp3) {
  Script script(everything());
  script.sends(wire({"HELLO", "3", "AUTH", "ann", "s3cret-pw", "SETNAME", "svc:main"}))
      .reply(hello3)
      .sends(setinfo + wire({"SELECT", "3"}) + ping)
      .replies({ok, ok, ok, pong})
      .ready();
  EXPECT_TRUE(script.machine().resp3());
}

TEST(Handshake, SendsOnlyConfiguredCommands) {
  Script({{}, {}, {}, 0, Protocol::automatic})
      .sends(wire({"HELLO", "3"}))
      .reply(hello3)
      .sends(setinfo + ping);
  Script({{}, "pw", {}, 0, Protocol::automatic}).sends(wire({"HELLO", "3", "AUTH", "default", "pw"}));
  Script({{}, {}, "me", 0, Protocol::automatic}).sends(wire({"HELLO", "3", "SETNAME", "me"}));
  Script({{}, {}, {}, 0, Protocol::resp2}).sends(setinfo + ping);
  Script({{}, "pw", {}, 0, Protocol::resp2}).sends(wire({"AUTH", "pw"}));
  Script({"ann", "pw", {}, 0, Protocol::resp2}).sends(wire({"AUTH", "ann", "pw"}));
  Script({{}, {}, {}, 15, Protocol::resp2}).sends(setinfo + wire({"SELECT", "15"}) + ping);
}

TEST(Handshake, SendsAuthAndSetnameWithResp2) {
  Script script(everything2());
  script.sends(wire({"AUTH", "ann", "s3cret-pw"}))
      .reply(ok)
      .sends(wire({"CLIENT", "SETNAME", "svc:main"}) + setinfo + wire({"SELECT", "3"}) + ping)
      .replies({ok, ok, ok, ok, pong})
      .ready();
  EXPECT_FALSE(script.machine().resp3());
}

TEST(Handshake, Fault36FallsBackToResp2WhenHelloIsRefused) {
  for (const std::string_view refusal :
       {no_hello, std::string_view("-NOPROTO unsupported protocol version\r\n"),
        std::string_view("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"),
        std::string_view("-ERR Unknown command 'HELLO'\r\n"),
        std::string_view("!28\r\nNOPROTO sorry, this is RESP2\r\n")}) {
    SCOPED_TRACE(refusal);
    Script script(everything());
    script.reply(refusal)
        .sends(wire({"AUTH", "ann", "s3cret-pw"}))
        .reply(ok)
        .sends(wire({"CLIENT", "SETNAME", "svc:main"}) +
               (refusal.find("nknown") == std::string_view::npos ? setinfo : "") + wire({"SELECT", "3"}) +
               ping);
    script.reply(ok);
    if (refusal.find("nknown") == std::string_view::npos) script.replies({no_setinfo, no_setinfo});
    script.replies({ok, pong}).ready();
    EXPECT_FALSE(script.machine().resp3());
  }
  Script({{}, {}, {}, 0, Protocol::automatic}).reply(no_hello).sends(ping);
}

TEST(Handshake, FallsBackToResp2ForAnyTextOfRefusal) {
  for (const std::string_view refusal :
       {"-unsupported command 'HELLO'\r\n", "-ERR unsupported command `hello`\r\n", "-ERR syntax error\r\n",
        "-NOAUTH Authentication required.\r\n", "-WHATEVER\r\n", "-\r\n"}) {
    SCOPED_TRACE(refusal);
    Script(everything())
        .reply(refusal)
        .sends(wire({"AUTH", "ann", "s3cret-pw"}))
        .reply(ok)
        .sends(wire({"CLIENT", "SETNAME", "svc:main"}) + setinfo + wire({"SELECT", "3"}) + ping)
        .replies({ok, ok, ok, ok, pong})
        .ready();
  }
}

TEST(Handshake, ReportsBothRefusalsWhenAuthFailsToo) {
  const auto failure =
      Script(everything()).reply("-ERR bad s3cret-pw\r\n").reply("-ERR no such thing\r\n").fails();
  EXPECT_EQ(failure.step, "AUTH");
  EXPECT_EQ(failure.server, "ERR no such thing");
  EXPECT_EQ(failure.hello, "ERR bad ***");
  EXPECT_THAT(describe(failure), HasSubstr("refused AUTH"));
  EXPECT_THAT(describe(failure), HasSubstr("ERR bad ***"));
  EXPECT_THAT(describe(failure), HasSubstr("protocol = resp2"));
}

TEST(Handshake, DoesNotSendPasswordAgainWhenAuthWouldFailToo) {
  for (const std::string_view refusal :
       {wrongpass, maxclients,
        std::string_view("-ERR max number of clients + cluster connections reached\r\n"),
        std::string_view("-NOPERM no\r\n"),
        std::string_view("-DENIED Redis is running in protected mode\r\n")}) {
    SCOPED_TRACE(refusal);
    EXPECT_EQ(Script(everything()).reply(refusal).fails().step, "HELLO");
  }
  const auto failure = Script({{}, {}, {}, 0, Protocol::automatic}).reply(noauth).fails();
  EXPECT_EQ(failure.step, "HELLO");
  EXPECT_EQ(failure.code, Errc::authentication_failed);
  Script waiting(everything());
  waiting.reply("-BUSY a script\r\n");
  EXPECT_EQ(waiting.kind(), Kind::wait);
}

TEST(Handshake, SendsOnlyAuthSelectAndPingWhenMinimal) {
  HandshakeSettings settings = everything();
  settings.extent = redstart::Handshake::minimal;
  Script script(settings);
  script.sends(wire({"AUTH", "ann", "s3cret-pw"})).reply(ok).sends(wire({"SELECT", "3"}) + ping);
  script.replies({ok, pong}).ready();
  EXPECT_FALSE(script.machine().resp3());
  settings = {{}, {}, "svc:main", 0, Protocol::automatic};
  settings.extent = redstart::Handshake::minimal;
  Script(settings).sends(ping).reply(pong).ready();
}

TEST(Handshake, DoesNotSendSetinfoBeforeRedis72) {
  const auto hello = [](std::string_view version) {
    return "%1\r\n$7\r\nversion\r\n$" + std::to_string(version.size()) + "\r\n" + std::string(version) +
           "\r\n";
  };
  for (const std::string_view version : {"6.0.16", "6.2.14", "7.0.15", "7.1.240"}) {
    SCOPED_TRACE(version);
    Script({{}, {}, {}, 0, Protocol::automatic}).reply(hello(version)).sends(ping).reply(pong).ready();
  }
  for (const std::string_view version :
       {"7.2.4", "7.10.0", "8.0.6", "9.1.2", "255.255.255", "df-v1.2", "7", ""}) {
    SCOPED_TRACE(version);
    Script({{}, {}, {}, 0, Protocol::automatic}).reply(hello(version)).sends(setinfo + ping);
  }
}

TEST(Handshake, SendsEmptyPasswordForUserWithoutPassword) {
  Script({"free", {}, {}, 0, Protocol::automatic}).sends(wire({"HELLO", "3", "AUTH", "free", ""}));
  Script({"free", {}, {}, 0, Protocol::resp2})
      .sends(wire({"AUTH", "free", ""}))
      .reply(ok)
      .sends(setinfo + ping);
  EXPECT_EQ(Script({"free", {}, {}, 0, Protocol::resp2}).reply(wrongpass).fails().code,
            Errc::authentication_failed);
}

TEST(Handshake, RequiresEchoForIntegrity) {
  HandshakeSettings settings{{}, {}, {}, 0, Protocol::automatic};
  settings.integrity = true;
  const std::string echo = wire({"ECHO", "redstart"});
  Script(settings)
      .reply(hello3)
      .sends(setinfo + echo + ping)
      .replies({ok, ok, "$8\r\nredstart\r\n", pong})
      .ready();
  for (const std::string_view refusal :
       {std::string_view("-NOPERM User ann has no permissions to run the 'echo' command\r\n"),
        std::string_view("-ERR unknown command 'ECHO'\r\n")}) {
    const auto failure = Script(settings).reply(hello3).replies({ok, ok, refusal}).fails();
    EXPECT_EQ(failure.step, "ECHO");
    EXPECT_EQ(failure.remedy, Remedy::never);
    EXPECT_THAT(describe(failure), HasSubstr("`integrity`"));
    EXPECT_THAT(describe(failure), HasSubstr("+echo"));
  }
  EXPECT_EQ(Script(settings).reply(hello3).replies({ok, ok, "$3\r\nfoo\r\n"}).fails().code,
            Errc::protocol_error);
  Script loads(settings);
  loads.reply(hello3).replies({ok, ok, loading, loading});
  EXPECT_EQ(loads.kind(), Kind::wait);
  static_cast<void>(loads.waits());
  loads.sends(wire({"HELLO", "3"}));
}

TEST(Handshake, NamesUnansweredCommand) {
  Script script(everything());
  EXPECT_EQ(script.machine().awaited(), "HELLO");
  script.reply(hello3);
  EXPECT_EQ(script.machine().awaited(), "CLIENT");
  script.replies({ok, ok});
  EXPECT_EQ(script.machine().awaited(), "SELECT");
  script.reply(ok);
  EXPECT_EQ(script.machine().awaited(), "PING");
  script.reply(pong);
  EXPECT_EQ(script.machine().awaited(), "");
}

TEST(Handshake, Fault36FailsWhenResp3IsRequired) {
  HandshakeSettings settings = everything();
  settings.protocol = Protocol::resp3;
  Script script(settings);
  const auto failure = script.reply("-NOPROTO unsupported protocol version\r\n").fails();
  EXPECT_EQ(failure.code, Errc::handshake_failed);
  EXPECT_EQ(failure.remedy, Remedy::never);
  EXPECT_EQ(failure.step, "HELLO");
  EXPECT_EQ(failure.server, "NOPROTO unsupported protocol version");
}

TEST(Handshake, IgnoresRefusedOptionalCommands) {
  Script(everything2()).reply(ok).replies({"-NOPERM no\r\n", no_setinfo, no_setinfo, ok, pong}).ready();
  Script(everything()).reply(hello3).replies({no_setinfo, no_setinfo, ok, pong}).ready();
}

TEST(Handshake, AwaitsEveryReplyBeforeReady) {
  Script script(everything());
  script.reply(hello3);
  for (const std::string_view frame : {ok, no_setinfo, ok}) {
    script.reply(frame);
    ASSERT_EQ(script.kind(), Kind::receive);
  }
  script.reply(pong).ready();
}

TEST(Handshake, AcceptsErrorReplyToPing) {
  for (const std::string_view refusal : {"-NOPERM this user has no permissions to run the 'ping' command\r\n",
                                         "-ERR unknown command 'PING'\r\n", "-WHATEVER\r\n"}) {
    Script script({{}, {}, {}, 0, Protocol::automatic});
    script.reply(hello3).replies({ok, ok, refusal}).ready();
    EXPECT_THAT(std::string(refusal), HasSubstr(script.machine().refused_ping()));
  }
  for (const std::string_view refusal : {wrongpass, noauth, maxclients, std::string_view("-DENIED no\r\n")})
    EXPECT_EQ(
        Script({{}, {}, {}, 0, Protocol::automatic}).reply(hello3).replies({ok, ok, refusal}).fails().step,
        "PING");
}

TEST(Handshake, SkipsAttributesBeforeReply) {
  const std::string attribute = "|1\r\n+ttl\r\n:3600\r\n";
  Script(everything()).reply(attribute + std::string(hello3)).replies({ok, ok, ok, pong}).ready();
  EXPECT_EQ(Script(everything()).reply(attribute + std::string(wrongpass)).fails().code,
            Errc::authentication_failed);
}

struct Refusal {
  std::string_view frame;
  Errc code;
  Remedy remedy;
};

constexpr Refusal refusals[] = {
    {wrongpass, Errc::authentication_failed, Remedy::never},
    {noauth, Errc::authentication_failed, Remedy::never},
    {"!16\r\nWRONGPASS really\r\n", Errc::authentication_failed, Remedy::never},
    {"-NOPERM this user has no permissions\r\n", Errc::authentication_failed, Remedy::never},
    {"-ERR AUTH <password> called without any password configured for the default user.\r\n",
     Errc::authentication_failed, Remedy::never},
    {"-ERR Client sent AUTH, but no password is set\r\n", Errc::authentication_failed, Remedy::never},
    {"-ERR invalid password\r\n", Errc::authentication_failed, Remedy::never},
    {maxclients, Errc::handshake_failed, Remedy::retry},
    {"-ERR DB index is out of range\r\n", Errc::handshake_failed, Remedy::none},
    {"-WHATEVER\r\n", Errc::handshake_failed, Remedy::none},
    {"-\r\n", Errc::handshake_failed, Remedy::none},
};

// Runs the handshake up to a step and makes that step fail.
struct BrokenStep {
  std::string_view name;
  HandshakeSettings settings;
  std::vector<std::string_view> before;
};

std::vector<BrokenStep> all_steps() {
  return {{"HELLO", everything3(), {}},
          {"AUTH", everything2(), {}},
          {"AUTH", everything(), {no_hello}},
          {"AUTH", everything(), {"-ERR syntax error\r\n"}},
          {"SELECT", everything(), {hello3, ok, ok}},
          {"SELECT", everything2(), {ok, ok, ok, ok}},
          {"PING", everything(), {hello3, ok, ok, ok}},
          {"PING", everything2(), {ok, ok, ok, ok, ok}},
          {"PING", everything(), {hello3, ok, ok, ok, loading, loading_info, "delay"}}};
}

void advance_to(Script& script, const BrokenStep& step) {
  for (const std::string_view frame : step.before) {
    if (frame == "delay")
      static_cast<void>(script.waits());
    else
      script.reply(frame);
  }
}

TEST(Handshake, NamesRefusedStep) {
  for (const BrokenStep& step : all_steps()) {
    for (const Refusal& refusal : refusals) {
      if (step.name == "PING" && refusal.code != Errc::authentication_failed && refusal.frame != maxclients)
        continue;
      if (step.name == "PING" && refusal.frame.starts_with("-NOPERM")) continue;
      if (step.name == "PING" && refusal.frame.starts_with("-ERR") && refusal.frame != maxclients) continue;
      SCOPED_TRACE(std::string(step.name) + " " + std::string(refusal.frame));
      Script script(step.settings);
      advance_to(script, step);
      const auto failure = script.reply(refusal.frame).fails();
      EXPECT_EQ(failure.step, step.name);
      EXPECT_EQ(failure.code, refusal.code);
      EXPECT_EQ(failure.remedy, refusal.remedy);
      EXPECT_THAT(std::string(refusal.frame), HasSubstr(failure.server));
    }
  }
}

TEST(Handshake, FailsOnUnexpectedReplies) {
  for (const BrokenStep& step : all_steps()) {
    for (const std::string_view frame :
         {std::string_view("+HELLO\r\n"), std::string_view(":1\r\n"), std::string_view("$-1\r\n"),
          std::string_view("_\r\n"), std::string_view("#t\r\n"), std::string_view("$2\r\nOk\r\n")}) {
      SCOPED_TRACE(std::string(step.name) + " " + std::string(frame));
      Script script(step.settings);
      advance_to(script, step);
      const auto failure = script.reply(frame).fails();
      EXPECT_EQ(failure.code, Errc::protocol_error);
      EXPECT_EQ(failure.step, step.name);
    }
  }
  // A server that is one reply ahead must be rejected.
  Script shifted(everything());
  shifted.reply(hello3).replies({ok, ok, ok, ok});
  EXPECT_EQ(shifted.fails().code, Errc::protocol_error);
}

TEST(Handshake, PingsAgainWhileServerIsNotReady) {
  for (const std::string_view word : {"MASTERDOWN", "BUSY"}) {
    SCOPED_TRACE(word);
    const std::string refusal = "-" + std::string(word) + " not now\r\n";
    Script script(everything());
    script.reply(hello3).replies({ok, ok, ok, refusal});
    EXPECT_FALSE(script.kind() == Kind::fail);
    std::vector<std::chrono::milliseconds> delays;
    for (int i = 0; i < 6; ++i) {
      delays.push_back(script.waits());
      script.sends(ping).reply(refusal);
    }
    EXPECT_EQ(delays, (std::vector{75ms, 125ms, 225ms, 275ms, 275ms, 275ms})) << "half way in each range";
    static_cast<void>(script.waits());
    script.reply(pong).ready();
  }
}

const std::string ask_info = wire({"INFO", "persistence"});

TEST(Handshake, Fault37QueriesProgressWhileServerIsLoading) {
  Script script(everything());
  script.reply(hello3).replies({ok, ok, ok, loading}).sends(ask_info).reply(loading_info);
  EXPECT_EQ(script.machine().not_ready().why, NotReady::Why::loading);
  EXPECT_EQ(script.machine().not_ready().left, 12s);
  EXPECT_EQ(script.machine().not_ready().percent, 37);
  static_cast<void>(script.waits());
  script.sends(ping).reply(loading).sends(ask_info).reply("=7\r\ntxt:???\r\n");
  EXPECT_FALSE(script.machine().not_ready().left) << "not the earlier report";
  static_cast<void>(script.waits());
  script.sends(ping).reply(pong).ready();
}

TEST(Handshake, DoesNotQueryProgressAgainWithoutReply) {
  for (const std::string_view refusal : {loading, std::string_view("-NOPERM no permission\r\n")}) {
    Script script(everything());
    script.reply(hello3).replies({ok, ok, ok, loading}).sends(ask_info).reply(refusal);
    static_cast<void>(script.waits());
    script.sends(ping).reply(loading);
    EXPECT_EQ(script.machine().not_ready().why, NotReady::Why::loading);
    static_cast<void>(script.waits());
    script.sends(ping).reply(pong).ready();
  }
}

TEST(Handshake, Fault41AcceptsServerThatCannotSave) {
  Script script({{}, {}, {}, 0, Protocol::automatic});
  script.reply(hello3).replies({ok, ok, "-MISCONF Redis is configured to save RDB snapshots\r\n"}).ready();
  EXPECT_THAT(script.machine().refused_ping(), HasSubstr("MISCONF"));
}

TEST(Handshake, ReportsServerIdentity) {
  Script script({{}, {}, {}, 0, Protocol::automatic});
  script.reply(
      "%4\r\n$2\r\nid\r\n:42\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$7\r\nmodules\r\n*0\r\n$4\r\nrole\r\n"
      "$6\r\nmaster\r\n");
  EXPECT_EQ(script.machine().greeting().id, 42);
  EXPECT_EQ(script.machine().greeting().server.version, "7.0.15");
  EXPECT_EQ(script.machine().greeting().server.role, "master");
  EXPECT_EQ(script.machine().greeting().server.mode, "");
}

std::string hello_of(std::string_view product, std::string_view version, std::string_view role = "master") {
  std::string frame = "%3\r\n";
  for (const std::string_view text : {std::string_view("server"), product, std::string_view("version"),
                                      version, std::string_view("role"), role})
    frame += "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  return frame;
}

TEST(Handshake, AsksValkeyForRedirects) {
  const std::string redirect = wire({"CLIENT", "CAPA", "redirect"});
  for (const std::string_view version : {"8.0.0", "8.1.1", "9.1.2"}) {
    Script({{}, {}, {}, 3, Protocol::automatic})
        .reply(hello_of("valkey", version))
        .sends(setinfo + redirect + wire({"SELECT", "3"}) + ping)
        .replies({ok, ok, ok, ok, pong})
        .ready();
  }
}

TEST(Handshake, IgnoresRefusedRedirects) {
  Script({{}, {}, {}, 0, Protocol::automatic})
      .reply(hello_of("valkey", "8.0.0"))
      .replies({ok, ok, "-ERR unknown subcommand 'CAPA'. Try CLIENT HELP.\r\n", pong})
      .ready();
}

TEST(Handshake, AsksNoOtherServerForRedirects) {
  Script({{}, {}, {}, 0, Protocol::automatic}).reply(hello_of("redis", "8.6.3")).sends(setinfo + ping);
  Script({{}, {}, {}, 0, Protocol::automatic}).reply(hello_of("valkey", "7.2.5")).sends(setinfo + ping);
  Script({{}, {}, {}, 0, Protocol::automatic}).reply(hello3).sends(setinfo + ping);
  Script({{}, {}, {}, 0, Protocol::resp2}).sends(setinfo + ping);
}

TEST(Handshake, AsksOnlyPrimaryForRedirectsSoThatReplicaServesReads) {
  for (const std::string_view role : {"replica", "slave", "sentinel", ""})
    Script({{}, {}, {}, 0, Protocol::automatic})
        .reply(hello_of("valkey", "9.1.2", role))
        .sends(setinfo + ping);
}

TEST(Handshake, ForgetsRedirectsWhenItStartsAgain) {
  // Another server may answer then, and refuse HELLO.
  Script script({{}, {}, {}, 3, Protocol::automatic});
  script.reply(hello_of("valkey", "9.1.2")).replies({ok, ok, ok, loading, loading});
  script.waits();
  script.sends(wire({"HELLO", "3"})).reply(no_hello).sends(wire({"SELECT", "3"}) + ping);
}

TEST(Handshake, RepeatsCommandsRefusedWhileNotReady) {
  const std::string busy = "-BUSY Redis is busy running a script.\r\n";
  const std::string hello = wire({"HELLO", "3", "AUTH", "ann", "s3cret-pw", "SETNAME", "svc:main"});
  {
    Script script(everything());
    script.reply(busy);
    static_cast<void>(script.waits());
    script.sends(hello).reply(hello3).replies({ok, ok, ok, pong}).ready();
  }
  {
    Script script(everything2());
    script.reply(busy);
    static_cast<void>(script.waits());
    script.sends(wire({"AUTH", "ann", "s3cret-pw"})).reply(ok).replies({ok, ok, ok, ok, pong}).ready();
  }
  for (const std::string_view last : {pong, std::string_view("-BUSY still\r\n")}) {
    Script script(everything());
    script.reply(hello3).replies({ok, ok, busy, last});  // SELECT did not run, so PONG alone is not enough
    static_cast<void>(script.waits());
    script.sends(hello).reply(hello3).sends(setinfo + wire({"SELECT", "3"}) + ping);
    script.replies({ok, ok, ok, pong}).ready();
  }
}

TEST(Handshake, HidesPasswordRepeatedByServer) {
  HandshakeSettings settings = everything();
  settings.protocol = Protocol::resp3;
  for (const std::string& echo :
       {std::string(
            "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'ann' 's3cret-pw' \r\n"),
        std::string("-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'ann' 's3c\r\n"),
        std::string("-ERR bad s3cret-pw, I wrote s3cret-pw: s3cret-pw\r\n"),
        std::string("-ERR cut off: s3cret-\r\n"), std::string("!18\r\nERR not s3cret-pw!\r\n"),
        std::string("-WRONGPASS ss3cret-pws3cret-pw\r\n"), std::string("-s3cret-pw\r\n")}) {
    SCOPED_TRACE(echo);
    const auto failure = Script(settings).reply(echo).fails();
    EXPECT_THAT(failure.server, Not(HasSubstr("s3c")));
  }
  EXPECT_EQ(Script(settings).reply("-ERR bad s3cret-pw here\r\n").fails().server, "ERR bad *** here");
}

TEST(Handshake, LeavesNoPasswordInMemory) {
  // Long settings make the buffer grow.
  const std::string name(300, 'n');
  for (const std::string_view client_name : {std::string_view("n"), std::string_view(name)}) {
    for (const Protocol protocol : {Protocol::automatic, Protocol::resp2}) {
      const HandshakeSettings settings{"ann", "s3cret-pw", client_name, 0, protocol};
      alignas(HandshakeFsm) static char memory[sizeof(HandshakeFsm)];
      std::memset(memory, 0, sizeof memory);
      auto* const machine = new (memory) HandshakeFsm(settings);
      static_cast<void>(machine->start());
      static_cast<void>(machine->on_reply(wrongpass));
      EXPECT_EQ(machine->failure().code, Errc::authentication_failed);
      std::string copy(sizeof memory, '\0');
      std::memcpy(copy.data(), memory, sizeof memory);
      EXPECT_THAT(copy, Not(HasSubstr("s3cret-pw")));
      machine->~HandshakeFsm();
    }
  }
}

}  // namespace
}  // namespace redstart::inline v0::protocol
