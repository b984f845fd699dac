// SPDX-License-Identifier: Apache-2.0
// opening_fsm_test.cpp: every event in every state of a connect attempt, and each of its failures.
#include "protocol/opening_fsm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/failures.hpp"

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;
using failure::end_of_stream;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Action = OpeningFsm::Action;
using Kind = Action::Kind;
using State = OpeningFsm::State;

const TimePoint begin{1000s};
constexpr std::string_view hello3 = "%1\r\n$5\r\nproto\r\n:3\r\n";
constexpr std::string_view hello_then_ok = "+OK\r\n+OK\r\n+PONG\r\n";  // two of CLIENT SETINFO, then PING
constexpr std::string_view wrongpass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
constexpr std::string_view loading = "-LOADING Redis is loading the dataset in memory\r\n";

std::string wire(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words)
    bytes += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  return bytes;
}
const std::string ping = wire({"PING"});
const std::string second_request = wire({"CLIENT", "SETINFO", "LIB-NAME", "redstart"}) +
                                   wire({"CLIENT", "SETINFO", "LIB-VER", version()}) + ping;

class UnusedProvider final : public CredentialsProvider {
 public:
  Credentials credentials() override {
    ADD_FAILURE() << "the machine calls no provider";
    return {};
  }
};

DatabaseConfig with_provider() {
  DatabaseConfig config;
  config.credentials = std::make_shared<UnusedProvider>();
  return config;
}
DatabaseConfig with_password() {
  DatabaseConfig config;
  config.password = "s3cret-pw";
  return config;
}

// Plays driver and server for one connect attempt. Each call answers the action that is expected to be next.
class Attempt {
 public:
  explicit Attempt(DatabaseConfig settings = {}, std::string client_name = {}, double random = 0.5)
      : config(std::move(settings)), name(std::move(client_name)), machine(config, name, random, deadline) {
    action = machine.start();
  }

  Attempt& prepared(std::size_t addresses = 1, bool tls = false, Credentials given = {}) {
    expect(Kind::prepare);
    action = machine.on_prepared({addresses, tls, std::move(given), std::nullopt});
    return *this;
  }
  Attempt& admitted() {
    expect(Kind::get_permit);
    action = machine.on_permit(now);
    return *this;
  }
  Attempt& connected(int error = 0) {
    expect(Kind::connect);
    action = machine.on_connected(now, error);
    return *this;
  }
  Attempt& secured(std::optional<Cause> failure = std::nullopt) {
    expect(Kind::secure);
    action = machine.on_secured(std::move(failure));
    return *this;
  }
  Attempt& looked(std::string_view bytes = {}, int error = EAGAIN) {
    expect(Kind::look);
    return receives(bytes, error);
  }
  Attempt& sent(std::string_view request) {
    expect(Kind::send);
    EXPECT_EQ(action.bytes, request);
    return sent();
  }
  Attempt& sent() {
    expect(Kind::send);
    action = machine.on_sent();
    return *this;
  }
  Attempt& answered(std::string_view bytes, int error = EAGAIN) {
    expect(Kind::read);
    return receives(bytes, error);
  }
  Attempt& asked(bool may_wait) {
    expect(Kind::ask);
    action = machine.on_asked(now, may_wait);
    return *this;
  }
  Attempt& renewed(Credentials given) {
    expect(Kind::renew);
    action = machine.on_renewed({0, false, std::move(given), std::nullopt});
    return *this;
  }
  // The time limit of the action passes.
  Attempt& expires() {
    EXPECT_NE(action.until, TimePoint{}) << "the action has no time limit";
    now = std::max(now, action.until);
    action = machine.on_timer(now);
    return *this;
  }

  Attempt& receives(std::string_view bytes, int error = EAGAIN, bool holds_bytes = false) {
    put(bytes);
    action = machine.on_read({error, holds_bytes, std::nullopt});
    return *this;
  }
  void put(std::string_view bytes) {
    if (bytes.empty()) return;
    engine::ReplyBuffer& buffer = machine.room(bytes.size());
    std::memcpy(buffer.end(), bytes.data(), bytes.size());
    buffer.commit(bytes.size());
  }

  void expect(Kind kind) const { EXPECT_EQ(static_cast<int>(action.kind), static_cast<int>(kind)); }
  void ready() const {
    expect(Kind::ready);
    EXPECT_EQ(machine.state(), State::ready);
    EXPECT_TRUE(action.returns_permit);
  }
  // The attempt has failed with this code, effect `not_sent`, and a text that contains `what`.
  const Cause& fails(Errc code, std::string_view what) const {
    expect(Kind::fail);
    EXPECT_EQ(machine.state(), State::failed);
    EXPECT_TRUE(action.returns_permit);
    EXPECT_EQ(machine.failure().code, code) << to_string(machine.failure().code);
    EXPECT_EQ(machine.failure().effect, Effect::not_sent);
    EXPECT_THAT(machine.failure().what, HasSubstr(what));
    return machine.failure();
  }

  // To the first request, on a plain connection to one address.
  Attempt& greets() { return prepared().admitted().connected().looked(); }
  // To the wait for the reply to HELLO.
  Attempt& awaits_hello() { return greets().sent(); }

  DatabaseConfig config;
  std::string name;
  TimePoint now = begin;
  TimePoint deadline = begin + 5s;
  OpeningFsm machine;
  Action action{};
};

// --- The usual way

TEST(OpeningFsm, OpensPlainConnection) {
  Attempt attempt;
  EXPECT_EQ(attempt.action.until, attempt.deadline);
  attempt.prepared();
  EXPECT_EQ(attempt.action.until, attempt.deadline);
  attempt.admitted();
  EXPECT_EQ(attempt.action.address, 0U);
  attempt.connected().looked().sent(wire({"HELLO", "3"}));
  EXPECT_EQ(attempt.action.until, attempt.deadline);
  attempt.answered(hello3).sent(second_request).answered(hello_then_ok).ready();
  EXPECT_TRUE(attempt.machine.handshake().resp3());
}

TEST(OpeningFsm, RunsTlsHandshakeBeforeFirstRequest) {
  Attempt attempt;
  attempt.prepared(1, true).admitted().connected();
  EXPECT_EQ(attempt.action.until, attempt.deadline);
  attempt.secured()
      .looked()
      .sent(wire({"HELLO", "3"}))
      .answered(hello3)
      .sent()
      .answered(hello_then_ok)
      .ready();
}

TEST(OpeningFsm, UsesSettingsOfDatabase) {
  DatabaseConfig config = with_password();
  config.username = "ann";
  config.number = 3;
  config.integrity = true;
  config.protocol = Protocol::resp2;
  Attempt attempt(config);
  attempt.greets().sent(wire({"AUTH", "ann", "s3cret-pw"})).answered("+OK\r\n");
  EXPECT_THAT(std::string(attempt.action.bytes),
              HasSubstr(wire({"SELECT", "3"}) + wire({"ECHO", "redstart"})));
}

TEST(OpeningFsm, SetsNameOfClient) {
  Attempt attempt({}, "svc:main");
  attempt.greets().sent(wire({"HELLO", "3", "SETNAME", "svc:main"}));
}

TEST(OpeningFsm, SendsLittleInMinimalHandshake) {
  DatabaseConfig config = with_password();
  config.handshake = Handshake::minimal;
  Attempt attempt(config);
  attempt.greets()
      .sent(wire({"AUTH", "s3cret-pw"}))
      .answered("+OK\r\n")
      .sent(ping)
      .answered("+PONG\r\n")
      .ready();
}

TEST(OpeningFsm, UsesCredentialsOfProviderInsteadOfSettings) {
  DatabaseConfig config = with_provider();
  config.username = "unused";
  config.password = "unused";
  Attempt attempt(config);
  attempt.prepared(1, false, {"bob", "given"}).admitted().connected().looked();
  attempt.sent(wire({"HELLO", "3", "AUTH", "bob", "given"}));
}

TEST(OpeningFsm, IgnoresCredentialsIfDatabaseHasNoProvider) {
  Attempt attempt(with_password());
  attempt.prepared(1, false, {"bob", "given"}).admitted().connected().looked();
  attempt.sent(wire({"HELLO", "3", "AUTH", "default", "s3cret-pw"}));
}

// --- Permit

TEST(OpeningFsm, KeepsPermitUntilReady) {
  Attempt attempt;
  const auto keeps = [&] { EXPECT_FALSE(attempt.action.returns_permit); };
  attempt.prepared(2, true).admitted();
  keeps();
  attempt.connected(ECONNREFUSED);
  keeps();
  attempt.connected();
  keeps();
  attempt.secured();
  keeps();
  attempt.looked();
  keeps();
  attempt.sent();
  keeps();
  attempt.answered(hello3);
  keeps();
  attempt.sent().answered(hello_then_ok).ready();
}

TEST(OpeningFsm, ReturnsPermitWhileServerIsLoading) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading);
  attempt.expect(Kind::ask);
  EXPECT_TRUE(attempt.action.returns_permit);
}

TEST(OpeningFsm, ReturnsPermitWhileProviderIsAsked) {
  Attempt attempt(with_provider());
  attempt.prepared(1, false, {"ann", "old"}).admitted().connected().looked().sent().answered(wrongpass);
  attempt.expect(Kind::renew);
  EXPECT_TRUE(attempt.action.returns_permit);
}

// --- Preparation

TEST(OpeningFsm, FailsIfPreparationFails) {
  Attempt attempt;
  attempt.action = attempt.machine.on_prepared({0, false, {}, failure::not_resolved("no such host")});
  EXPECT_EQ(attempt.fails(Errc::resolve_failed, "no such host").remedy, Remedy::retry);
}

TEST(OpeningFsm, NamesStepOfPreparationThatHangs) {
  const std::pair<PreparationStep, std::string_view> steps[] = {
      {PreparationStep::files, "the TLS files could not be read in time"},
      {PreparationStep::provider, "the credentials provider did not answer in time"},
      {PreparationStep::lookup, "the lookup did not complete in time"}};
  for (const auto& [step, text] : steps) {
    Attempt attempt;
    attempt.action = attempt.machine.on_timer(attempt.deadline, step);
    attempt.fails(step == PreparationStep::lookup ? Errc::resolve_failed : Errc::connect_timeout, text);
  }
}

TEST(OpeningFsm, FailsIfNoPermitIsFree) {
  Attempt attempt;
  attempt.prepared().expires().fails(Errc::connect_timeout, "too many connections are being opened");
}

// --- Addresses

TEST(OpeningFsm, TriesAddressesInTurn) {
  Attempt attempt;
  attempt.prepared(3).admitted();
  EXPECT_EQ(attempt.action.address, 0U);
  EXPECT_EQ(attempt.action.until, begin + 750ms);
  attempt.connected(ECONNREFUSED);
  EXPECT_EQ(attempt.action.address, 1U);
  attempt.expires();
  EXPECT_EQ(attempt.action.address, 2U);
  EXPECT_EQ(attempt.action.until, begin + 1500ms);
  attempt.connected(EHOSTUNREACH);
  EXPECT_EQ(attempt.action.address, 1U) << "the one that did not answer is tried again";
  attempt.connected().looked().sent();
}

TEST(OpeningFsm, ReportsErrorOfLastAddress) {
  Attempt attempt;
  attempt.prepared(2).admitted().connected(EHOSTUNREACH).connected(ECONNREFUSED);
  EXPECT_EQ(attempt.fails(Errc::connect_refused, "connection refused").remedy, Remedy::retry);
}

TEST(OpeningFsm, ReportsConnectErrors) {
  const std::tuple<int, Errc, std::string_view> errors[] = {
      {ECONNREFUSED, Errc::connect_refused, "connection refused"},
      {EHOSTUNREACH, Errc::connect_failed, "can't connect ("},
      {ENOENT, Errc::connect_failed, "can't connect ("},
      {EMFILE, Errc::resource_exhausted, "out of resources ("},
      {EADDRNOTAVAIL, Errc::resource_exhausted, "out of resources ("}};
  for (const auto& [error, code, text] : errors) {
    Attempt attempt;
    attempt.prepared().admitted().connected(error).fails(code, text);
  }
}

TEST(OpeningFsm, RetriesSilentAddressUntilDeadline) {
  Attempt attempt;
  attempt.prepared().admitted();
  int tries = 0;
  for (; attempt.action.kind == Kind::connect && tries != 100; ++tries) attempt.expires();
  EXPECT_EQ(tries, 5);
  EXPECT_EQ(attempt.now, attempt.deadline);
  attempt.fails(Errc::connect_timeout, "no answer to the connect attempt");
}

TEST(OpeningFsm, TriesNoAddressAfterDeadline) {
  Attempt attempt;
  attempt.prepared();
  attempt.now = attempt.deadline;
  attempt.admitted().fails(Errc::connect_timeout, "no answer to the connect attempt");
}

// --- TLS

TEST(OpeningFsm, FailsIfTlsHandshakeFails) {
  Attempt attempt;
  attempt.prepared(1, true).admitted().connected();
  attempt.secured(failure::certificate_untrusted("it has expired"));
  EXPECT_EQ(attempt.fails(Errc::tls_failed, "not trusted: it has expired").remedy, Remedy::never);
}

TEST(OpeningFsm, FailsIfTlsHandshakeGetsNoAnswer) {
  Attempt attempt;
  attempt.prepared(1, true).admitted().connected().expires();
  attempt.fails(Errc::connect_timeout, "no answer to the TLS handshake");
}

// With TLS 1.3, a server refuses the client certificate after the TLS handshake.
TEST(OpeningFsm, ReportsFailureOfTlsSessionAtEachRead) {
  const Cause refused = failure::certificate_requested(end_of_stream);
  for (const State state : {State::looking, State::replying, State::late, State::waiting}) {
    Attempt attempt;
    attempt.prepared(1, true).admitted().connected().secured();
    if (state != State::looking) attempt.looked().sent();
    if (state == State::late) attempt.expires();
    if (state == State::waiting) attempt.answered(loading).asked(true);
    ASSERT_EQ(attempt.machine.state(), state);
    attempt.action = attempt.machine.on_read({end_of_stream, false, refused});
    attempt.fails(Errc::tls_failed, "it probably requires one that it trusts");
  }
}

TEST(OpeningFsm, AcceptsPartOfSessionTicketBeforeFirstRequest) {
  Attempt attempt;
  attempt.prepared(1, true).admitted().connected().secured();
  attempt.expect(Kind::look);
  attempt.receives({}, EAGAIN, true).sent().answered(hello3).sent().answered(hello_then_ok).ready();
}

TEST(OpeningFsm, RefusesBytesInTlsSessionBeforeLaterRequestAndAtEnd) {
  {
    Attempt attempt;
    attempt.awaits_hello().receives(hello3, EAGAIN, true);
    attempt.fails(Errc::protocol_error, "unsolicited data");
  }
  {
    Attempt attempt;
    attempt.awaits_hello().answered(hello3).sent().receives(hello_then_ok, EAGAIN, true);
    attempt.fails(Errc::protocol_error, "unsolicited data");
  }
  {
    Attempt attempt;  // the rest of a record has arrived
    attempt.awaits_hello().receives(hello3.substr(0, 5), EAGAIN, true).answered(hello3.substr(5));
    attempt.sent().answered(hello_then_ok).ready();
  }
}

// --- Replies, byte by byte

// Answers the n-th request with the n-th element, in pieces of `piece` bytes, and stops after `limit` bytes.
// Returns true if the limit was reached.
bool serve(Attempt& attempt, const std::vector<std::string>& answers, std::size_t piece,
           std::size_t limit = std::size_t(-1)) {
  std::string_view due;
  std::size_t request = 0;
  for (;;) {
    switch (attempt.action.kind) {
      case Kind::look: attempt.receives({}); break;
      case Kind::send:
        EXPECT_TRUE(due.empty()) << "a request was sent before the answers to the last one were read";
        due = request < answers.size() ? std::string_view(answers[request]) : std::string_view();
        ++request;
        attempt.sent();
        break;
      case Kind::read: {
        if (limit == 0) return true;
        if (due.empty()) return false;
        const std::size_t n = std::min({piece, limit, due.size()});
        attempt.receives(due.substr(0, n));
        due.remove_prefix(n);
        limit -= n;
        break;
      }
      default: return false;
    }
  }
}

const std::vector<std::string>& usual_answers() {
  static const std::vector<std::string> answers{
      ">2\r\n+a\r\n+b\r\n" + std::string(hello3),
      "+OK\r\n>2\r\n+a\r\n$3\r\nb\r\n\r\n-ERR unknown subcommand\r\n+PONG\r\n"};
  return answers;
}
std::size_t usual_size() { return usual_answers()[0].size() + usual_answers()[1].size(); }

Attempt& at_first_request(Attempt& attempt) { return attempt.prepared().admitted().connected(); }

TEST(OpeningFsm, AcceptsRepliesInPiecesOfAnySize) {
  for (std::size_t piece = 1; piece <= usual_size(); ++piece) {
    Attempt attempt;
    at_first_request(attempt);
    EXPECT_FALSE(serve(attempt, usual_answers(), piece));
    ASSERT_EQ(attempt.action.kind, Kind::ready) << piece;
    EXPECT_TRUE(attempt.machine.handshake().resp3());
    EXPECT_EQ(attempt.machine.take_pushes(), 2U) << piece;
    EXPECT_EQ(attempt.machine.take_pushes(), 0U) << "they are counted once";
  }
}

TEST(OpeningFsm, CountsPushesBeforeAndAfterReplies) {
  Attempt attempt;
  attempt.awaits_hello().answered(hello3).sent();
  attempt.answered(">1\r\n+a\r\n" + std::string(hello_then_ok) + ">1\r\n+b\r\n>1\r\n+c\r\n").ready();
  EXPECT_EQ(attempt.machine.take_pushes(), 3U);
}

TEST(OpeningFsm, CountsPushesOfFailedAttempt) {
  Attempt attempt;
  attempt.awaits_hello().answered(">1\r\n+a\r\n", end_of_stream).fails(Errc::handshake_failed, "closed");
  EXPECT_EQ(attempt.machine.take_pushes(), 1U);
}

TEST(OpeningFsm, FailsIfConnectionEndsAfterAnyByte) {
  for (const int error : {end_of_stream, ECONNRESET}) {
    for (std::size_t bytes = 0;; ++bytes) {
      Attempt attempt;
      at_first_request(attempt);
      if (!serve(attempt, usual_answers(), 4096, bytes)) break;  // ready
      attempt.receives({}, error);
      const Cause& why = attempt.fails(Errc::handshake_failed,
                                       error == end_of_stream ? "the server closed the connection"
                                                              : "connection lost during the handshake (");
      EXPECT_EQ(why.remedy, Remedy::retry);
      EXPECT_TRUE(why.server.empty());
      ASSERT_LT(bytes, usual_size());
    }
  }
}

TEST(OpeningFsm, NamesCommandAtWhichProxyCloses) {
  Attempt at_hello;
  at_hello.awaits_hello().answered({}, end_of_stream);
  at_hello.fails(Errc::handshake_failed, "before it answered HELLO (for a proxy that does not know");
  Attempt at_client;
  at_client.awaits_hello().answered(hello3).sent().answered("+OK\r\n", end_of_stream);
  at_client.fails(Errc::handshake_failed, "before it answered CLIENT");
  Attempt at_ping;
  at_ping.awaits_hello().answered(hello3).sent().answered("+OK\r\n+OK\r\n", end_of_stream);
  EXPECT_EQ(at_ping.fails(Errc::handshake_failed, "").what,
            "the server closed the connection during the handshake");
}

TEST(OpeningFsm, TimesOutAfterAnyByte) {
  for (std::size_t bytes = 0;; ++bytes) {
    Attempt attempt;
    at_first_request(attempt);
    if (!serve(attempt, usual_answers(), 4096, bytes)) break;
    EXPECT_EQ(attempt.action.until, attempt.deadline) << "bytes that trickle in don't extend the deadline";
    attempt.expires().looked();
    EXPECT_EQ(attempt.fails(Errc::connect_timeout, "no answer to the handshake").remedy, Remedy::retry);
    ASSERT_LT(bytes, usual_size());
  }
}

TEST(OpeningFsm, ReadsRepliesBeforeErrorOfSameRead) {
  Attempt attempt;
  attempt.awaits_hello().answered("-ERR max number of clients reached\r\n", ECONNRESET);
  const Cause& why = attempt.fails(Errc::handshake_failed, "the server refused HELLO");
  EXPECT_EQ(why.server, "ERR max number of clients reached");
  EXPECT_EQ(why.remedy, Remedy::retry);
}

TEST(OpeningFsm, IsReadyIfConnectionEndsAfterLastReply) {
  Attempt attempt;
  attempt.awaits_hello().answered(hello3).sent().answered(hello_then_ok, end_of_stream).ready();
}

TEST(OpeningFsm, FailsAfterSendOnConnectionThatHasEnded) {
  Attempt attempt;
  attempt.awaits_hello().answered(hello3, end_of_stream).sent(second_request);
  attempt.fails(Errc::handshake_failed, "the server closed the connection during the handshake");
}

// --- Late replies

TEST(OpeningFsm, AcceptsReplyThatArrivedBeforeTimerRan) {
  Attempt attempt;
  attempt.awaits_hello().answered(hello3).sent().expires();
  attempt.now += 10s;  // the process was stopped
  attempt.looked(hello_then_ok).ready();
}

TEST(OpeningFsm, ReadsOnAfterDeadlineWhileBytesArrive) {
  Attempt attempt;
  attempt.awaits_hello().expires().looked(hello3.substr(0, 4));
  EXPECT_EQ(attempt.action.until, attempt.deadline) << "the next look is due at once";
  attempt.expires().looked(hello3.substr(4));
  attempt.sent().expires().looked("+OK\r\n").expires().looked();
  attempt.fails(Errc::connect_timeout, "no answer to the handshake");
}

TEST(OpeningFsm, ReportsEndOfConnectionAtLateLook) {
  Attempt attempt;
  attempt.awaits_hello().expires().looked({}, end_of_stream);
  attempt.fails(Errc::handshake_failed, "the server closed the connection");
}

// --- Unsolicited and unusable bytes

TEST(OpeningFsm, AcceptsOnlyErrorBeforeFirstRequest) {
  const auto look = [](std::string_view bytes) {
    auto attempt = std::make_unique<Attempt>();
    attempt->prepared().admitted().connected().looked(bytes);
    return attempt;
  };
  look("+OK\r\n")->fails(Errc::protocol_error, "the server sent unsolicited data");
  look("+")->fails(Errc::protocol_error, "the server sent unsolicited data");
  look("HTTP/1.1 400\r\n")->fails(Errc::protocol_error, "not RESP");
  look("-ERR max number of clients reached\r\n")->sent().fails(Errc::handshake_failed, "refused HELLO");
  look("-ERR max num")->sent().answered("ber of clients reached\r\n").fails(Errc::handshake_failed, "HELLO");
  look(">1\r\n+a\r\n")->sent().answered(hello3).sent(second_request);
  look(">1\r\n+a")->sent().answered("\r\n").answered(hello3).sent(second_request);
}

TEST(OpeningFsm, ReadsErrorOfServerThatClosesBeforeFirstRequest) {
  Attempt attempt;
  attempt.prepared().admitted().connected().looked("-ERR max number of clients reached\r\n", end_of_stream);
  EXPECT_EQ(attempt.sent().fails(Errc::handshake_failed, "").server, "ERR max number of clients reached");
}

TEST(OpeningFsm, FailsIfConnectionEndsBeforeFirstRequest) {
  Attempt attempt;
  attempt.prepared().admitted().connected().looked({}, end_of_stream);
  attempt.fails(Errc::handshake_failed, "the server closed the connection during the handshake");
}

TEST(OpeningFsm, RefusesReplyAfterTheLastOneThatIsDue) {
  for (const std::size_t answer : {0U, 1U}) {
    for (const std::string_view extra : {"+OK\r\n", "+", "-ERR x\r\n"}) {
      for (const std::size_t piece : {1U, 4096U}) {
        std::vector<std::string> answers{std::string(hello3), std::string(hello_then_ok)};
        answers[answer] += extra;
        Attempt attempt;
        at_first_request(attempt);
        if (piece == 1) {  // the last reply and the extra bytes arrive together
          const std::size_t whole = answers[answer].size() - extra.size() - 1;
          const std::size_t before = answer == 0 ? 0 : hello3.size();
          ASSERT_TRUE(serve(attempt, answers, 1, before + whole));
          attempt.answered(std::string_view(answers[answer]).substr(whole));
        } else {
          serve(attempt, answers, piece);
        }
        attempt.fails(Errc::protocol_error, "the server sent unsolicited data");
        EXPECT_EQ(attempt.machine.failure().remedy, Remedy::never);
      }
    }
  }
}

TEST(OpeningFsm, ReportsBytesThatAreNotResp) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"HTTP/1.1 400 Bad Request\r\n", "not RESP (type_byte at \"HTTP/1.1 400"},
      {"\x15\x03\x01", "the peer speaks TLS"},
      {"$-2\r\n", "not RESP (length at"},
  };
  for (const auto& [bytes, text] : cases) {
    Attempt attempt;
    attempt.awaits_hello().answered(bytes).fails(Errc::protocol_error, text);
    EXPECT_EQ(attempt.machine.failure().remedy, Remedy::never);
  }
}

TEST(OpeningFsm, ShowsNoBytesOfPeerAfterPassword) {
  Attempt attempt(with_password());
  attempt.awaits_hello().answered("echo of s3cret-pw\r\n");
  EXPECT_THAT(attempt.fails(Errc::protocol_error, "not RESP (type_byte)").what, Not(HasSubstr("echo of")));
  Attempt http(with_password());
  http.awaits_hello().answered("HTTP/1.1 400 Bad Request\r\n").fails(Errc::protocol_error, "RESP, but HTTP");
  Attempt given(with_provider());
  given.prepared(1, false, {"ann", "s3cret-pw"}).admitted().connected().looked().sent();
  given.answered("echo of s3cret-pw\r\n");
  EXPECT_THAT(given.fails(Errc::protocol_error, "not RESP").what, Not(HasSubstr("echo of")));
}

TEST(OpeningFsm, LimitsBytesAfterEachRequest) {
  const std::string push = ">1\r\n$1000\r\n" + std::string(1000, 'x') + "\r\n";
  const std::size_t fit = HandshakeInbox::max_bytes / push.size();
  Attempt attempt;
  attempt.awaits_hello();
  for (std::size_t i = 0; i < fit; ++i) attempt.answered(push);
  attempt.expect(Kind::read);
  EXPECT_FALSE(attempt.machine.flooded());
  attempt.put(push);
  EXPECT_TRUE(attempt.machine.flooded());
  attempt.receives({}).fails(Errc::protocol_error, "the handshake with more than 64 KiB");

  Attempt anew;  // the limit starts anew with each request
  anew.awaits_hello();
  for (std::size_t i = 0; i + 1 < fit; ++i) anew.answered(push);
  anew.answered(hello3).sent();
  for (std::size_t i = 0; i + 1 < fit; ++i) anew.answered(push);
  anew.answered(hello_then_ok).ready();
  EXPECT_EQ(anew.machine.take_pushes(), 2 * (fit - 1));
}

TEST(OpeningFsm, RefusesReplyThatDeclaresTooMuch) {
  for (const std::string_view bytes : {"$65537\r\n", "*65537\r\n", ">65537\r\n"}) {
    Attempt attempt;
    attempt.awaits_hello().answered(bytes).fails(Errc::protocol_error, "more than 64 KiB");
  }
}

TEST(OpeningFsm, ChecksFloodInEachStateThatReads) {
  const std::string flood(HandshakeInbox::max_bytes + 1, 'x');
  for (const State state : {State::looking, State::replying, State::late, State::waiting}) {
    Attempt attempt;
    attempt.prepared().admitted().connected();
    if (state != State::looking) attempt.looked().sent();
    if (state == State::late) attempt.expires();
    if (state == State::waiting) attempt.answered(loading).asked(true);
    ASSERT_EQ(attempt.machine.state(), state);
    attempt.receives(flood).fails(Errc::protocol_error, "more than 64 KiB");
  }
}

// --- Refusals

TEST(OpeningFsm, ReportsRefusalWithReplyOfServer) {
  Attempt attempt(with_password());
  attempt.awaits_hello().answered(wrongpass);
  const Cause& why = attempt.fails(Errc::authentication_failed, "the server refused HELLO");
  EXPECT_EQ(why.server, "WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT_EQ(why.remedy, Remedy::never);
}

TEST(OpeningFsm, FallsBackToResp2) {
  Attempt attempt;
  attempt.awaits_hello()
      .answered("-ERR unknown command 'HELLO'\r\n")
      .sent(ping)
      .answered("+PONG\r\n")
      .ready();
  EXPECT_FALSE(attempt.machine.handshake().resp3());
}

TEST(OpeningFsm, ReportsUnexpectedReply) {
  Attempt attempt;
  attempt.awaits_hello().answered("+OK\r\n").fails(Errc::protocol_error, "unexpected reply to HELLO");
}

// --- Credentials that have changed

// To the reply to the first HELLO.
Attempt& refused(Attempt& attempt, std::string_view reply = wrongpass) {
  attempt.prepared(1, false, {"ann", "old"}).admitted().connected().looked();
  return attempt.sent(wire({"HELLO", "3", "AUTH", "ann", "old"})).answered(reply);
}

TEST(OpeningFsm, RepeatsHandshakeWithNewerCredentials) {
  Attempt attempt(with_provider());
  refused(attempt);
  EXPECT_EQ(attempt.action.until, attempt.deadline);
  attempt.renewed({"ann", "new"}).looked().sent(wire({"HELLO", "3", "AUTH", "ann", "new"}));
  attempt.answered(hello3).sent().answered(hello_then_ok).ready();
}

TEST(OpeningFsm, NotesTermOfCredentialsThatWereAccepted) {
  const auto credentials = [](std::string password, std::uint64_t number) {
    OpeningFsm::Preparation prepared{1, false, {"ann", Secret(std::move(password))}, std::nullopt};
    prepared.term = {number, begin, 100s};
    return prepared;
  };
  Attempt attempt(with_provider());
  attempt.action = attempt.machine.on_prepared(credentials("old", 1));
  attempt.admitted().connected().looked().sent().answered(wrongpass);
  attempt.action = attempt.machine.on_renewed(credentials("new", 2));
  attempt.looked().sent().answered(hello3).sent().answered(hello_then_ok).ready();
  EXPECT_EQ(attempt.machine.renewal().number(), 2U);
  EXPECT_EQ(attempt.machine.renewal().due(), begin + 80s);
}

TEST(OpeningFsm, RepeatsHandshakeWithNewerUser) {
  Attempt attempt(with_provider());
  refused(attempt).renewed({"bob", "old"}).looked().sent(wire({"HELLO", "3", "AUTH", "bob", "old"}));
}

TEST(OpeningFsm, RenewsCredentialsOfServersBefore6) {
  DatabaseConfig config = with_provider();
  config.protocol = Protocol::resp2;
  Attempt attempt(config);
  attempt.prepared(1, false, {"", "old"}).admitted().connected().looked().sent(wire({"AUTH", "old"}));
  attempt.answered("-ERR invalid password\r\n").renewed({"", "new"}).looked().sent(wire({"AUTH", "new"}));
}

TEST(OpeningFsm, FailsIfCredentialsHaveNotChanged) {
  Attempt attempt(with_provider());
  refused(attempt).renewed({"ann", "old"});
  EXPECT_THAT(attempt.fails(Errc::authentication_failed, "the server refused HELLO").server,
              StartsWith("WRONGPASS"));
}

TEST(OpeningFsm, RenewsCredentialsOnce) {
  Attempt attempt(with_provider());
  refused(attempt).renewed({"ann", "new"}).looked().sent().answered(wrongpass);
  attempt.fails(Errc::authentication_failed, "the server refused HELLO");
}

TEST(OpeningFsm, RenewsOnlyAfterWrongPassword) {
  for (const std::string_view reply :
       {"-NOPERM this user has no permissions\r\n", "-ERR max number of clients reached\r\n"}) {
    Attempt attempt(with_provider());
    refused(attempt, reply).expect(Kind::fail);
  }
  Attempt fixed(with_password());
  fixed.awaits_hello().answered(wrongpass).expect(Kind::fail);
}

TEST(OpeningFsm, FailsIfProviderFails) {
  Attempt attempt(with_provider());
  refused(attempt);
  attempt.action = attempt.machine.on_renewed({0, false, {}, failure::provider_threw("vault::Sealed")});
  attempt.fails(Errc::authentication_failed, "the credentials provider threw vault::Sealed");
}

TEST(OpeningFsm, FailsIfProviderHangs) {
  Attempt attempt(with_provider());
  refused(attempt).expires();
  attempt.fails(Errc::connect_timeout, "the credentials provider did not answer in time");
}

TEST(OpeningFsm, NoticesEndOfConnectionDuringRenewal) {
  Attempt attempt(with_provider());
  refused(attempt).renewed({"ann", "new"}).looked({}, end_of_stream);
  attempt.fails(Errc::handshake_failed, "the server closed the connection");
}

TEST(OpeningFsm, RefusesReplyThatArrivedDuringRenewal) {
  for (const std::string_view extra : {"+OK\r\n", "-ERR x\r\n"}) {
    Attempt attempt(with_provider());
    refused(attempt).renewed({"ann", "new"}).looked(extra);
    attempt.fails(Errc::protocol_error, "the server sent unsolicited data");
  }
}

// --- Servers that are not ready

TEST(OpeningFsm, PollsLoadingServer) {
  Attempt attempt;
  attempt.awaits_hello().answered(hello3).sent().answered("+OK\r\n+OK\r\n");
  attempt.answered(loading).sent(wire({"INFO", "persistence"}));
  attempt.answered("$24\r\nloading_eta_seconds:12\r\n\r\n");
  EXPECT_EQ(attempt.machine.not_ready().left, 12s);
  attempt.asked(true).expect(Kind::wait);
  EXPECT_GT(attempt.action.until, attempt.now);
  EXPECT_LE(attempt.action.until, attempt.now + 500ms);
  attempt.expires().sent(ping).answered("+PONG\r\n").ready();
}

TEST(OpeningFsm, SpreadsPollsOfManyClients) {
  const auto first_poll = [](double random) {
    Attempt attempt({}, {}, random);
    attempt.awaits_hello().answered(loading).asked(true);
    return attempt.action.until;
  };
  EXPECT_LT(first_poll(0.0), first_poll(0.99));
}

TEST(OpeningFsm, StartsAgainIfHelloWasRefused) {
  Attempt attempt;
  attempt.awaits_hello().answered("-BUSY a script is running\r\n");
  EXPECT_EQ(attempt.machine.not_ready().why, NotReady::Why::busy);
  attempt.asked(true).expires().sent(wire({"HELLO", "3"})).answered(hello3).sent().answered(hello_then_ok);
  attempt.ready();
}

TEST(OpeningFsm, FailsIfOwnerDoesNotWait) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading).asked(false);
  attempt.fails(Errc::loading, "the server is still loading its data set");
}

TEST(OpeningFsm, FailsIfNextPollIsAfterDeadline) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading);
  attempt.now = attempt.deadline - 1ms;
  attempt.asked(true).fails(Errc::loading, "the server is still loading its data set");
}

TEST(OpeningFsm, FailsIfPollRunsAfterDeadline) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading).asked(true);
  attempt.now = attempt.deadline;
  attempt.expires().fails(Errc::loading, "the server is still loading its data set");
}

TEST(OpeningFsm, ReportsLoadingIfPollGetsNoAnswer) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading).asked(true).expires().sent().expires().looked();
  attempt.fails(Errc::loading, "the server is still loading its data set");
}

TEST(OpeningFsm, NoticesEndOfConnectionWhileWaiting) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading).asked(true).receives({}, end_of_stream);
  attempt.fails(Errc::handshake_failed, "the server closed the connection");
}

TEST(OpeningFsm, KeepsTimeOfPollIfBytesArrive) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading).asked(true);
  const TimePoint poll = attempt.action.until;
  attempt.now += 1ms;
  attempt.receives(">1\r\n+a\r\n").expect(Kind::wait);
  EXPECT_EQ(attempt.action.until, poll);
  attempt.expires().sent(wire({"HELLO", "3"}));
  attempt.receives({}).expect(Kind::read);
  EXPECT_EQ(attempt.machine.take_pushes(), 1U);
}

TEST(OpeningFsm, RefusesReplyThatArrivedBeforePoll) {
  Attempt attempt;
  attempt.awaits_hello().answered(loading).asked(true).receives("+PONG\r\n").expires();
  attempt.fails(Errc::protocol_error, "the server sent unsolicited data");
}

TEST(OpeningFsm, PollsUntilDeadline) {
  Attempt attempt;
  attempt.awaits_hello();
  int polls = 0;
  for (; attempt.action.kind == Kind::read && polls != 100; ++polls) {
    attempt.answered(loading).asked(true);
    if (attempt.action.kind == Kind::wait) attempt.expires().sent();
  }
  EXPECT_GT(polls, 8);
  EXPECT_LT(polls, 50);
  attempt.fails(Errc::loading, "the server is still loading its data set");
}

// --- Sending

TEST(OpeningFsm, FailsIfRequestIsNotSentInTime) {
  Attempt attempt;
  attempt.greets().expires().fails(Errc::connect_timeout, "no answer to the handshake");
}

// --- Every event in every state

enum class Event : std::uint8_t {
  prepared,
  permit,
  connected,
  refused,
  secured,
  tls_failed,
  nothing_read,
  closed,
  sent,
  may_wait,
  may_not_wait,
  renewed,
  timer,
  interrupted,
};

constexpr State all_states[] = {State::preparing, State::permit,  State::connecting, State::securing,
                                State::looking,   State::sending, State::replying,   State::late,
                                State::asking,    State::waiting, State::renewing,   State::ready,
                                State::failed};

Action apply(Attempt& attempt, Event event) {
  OpeningFsm& machine = attempt.machine;
  const TimePoint now = attempt.now;
  switch (event) {
    case Event::prepared: return machine.on_prepared({2, true, {"ann", "old"}, std::nullopt});
    case Event::permit: return machine.on_permit(now);
    case Event::connected: return machine.on_connected(now, 0);
    case Event::refused: return machine.on_connected(now, ECONNREFUSED);
    case Event::secured: return machine.on_secured(std::nullopt);
    case Event::tls_failed: return machine.on_secured(failure::tls_failed("x"));
    case Event::nothing_read: return machine.on_read({});
    case Event::closed: return machine.on_read({end_of_stream, false, std::nullopt});
    case Event::sent: return machine.on_sent();
    case Event::may_wait: return machine.on_asked(now, true);
    case Event::may_not_wait: return machine.on_asked(now, false);
    case Event::renewed: return machine.on_renewed({0, false, {"ann", "new"}, std::nullopt});
    case Event::timer: return machine.on_timer(now);
    case Event::interrupted: return machine.on_interrupted();
  }
  return {};
}

// Brings a new attempt into a state.
std::unique_ptr<Attempt> in(State state) {
  auto made = std::make_unique<Attempt>(with_provider());
  Attempt& attempt = *made;
  if (state == State::failed) attempt.expires();
  const auto there = [&] { return attempt.machine.state() == state; };
  if (!there()) attempt.prepared(2, true, {"ann", "old"});
  if (!there()) attempt.admitted();
  if (!there()) attempt.connected();
  if (!there()) attempt.secured();
  if (!there()) attempt.looked();
  if (!there()) attempt.sent();
  if (there()) return made;
  if (state == State::late) attempt.expires();
  if (state == State::renewing) attempt.answered(wrongpass);
  if (state == State::asking) attempt.answered(loading);
  if (state == State::waiting) attempt.answered(loading).asked(true);
  if (state == State::ready) attempt.answered(hello3).sent().answered(hello_then_ok);
  EXPECT_TRUE(there());
  return made;
}

// The table of states in opening_fsm.hpp. All other events are late.
std::optional<State> expected(State state, Event event) {
  static const std::map<std::pair<State, Event>, State> table{
      {{State::preparing, Event::prepared}, State::permit},
      {{State::preparing, Event::timer}, State::failed},
      {{State::permit, Event::permit}, State::connecting},
      {{State::permit, Event::timer}, State::failed},
      {{State::connecting, Event::connected}, State::securing},
      {{State::connecting, Event::refused}, State::connecting},
      {{State::connecting, Event::timer}, State::connecting},
      {{State::securing, Event::secured}, State::looking},
      {{State::securing, Event::tls_failed}, State::failed},
      {{State::securing, Event::timer}, State::failed},
      {{State::looking, Event::nothing_read}, State::sending},
      {{State::looking, Event::closed}, State::failed},
      {{State::sending, Event::sent}, State::replying},
      {{State::sending, Event::timer}, State::failed},
      {{State::replying, Event::nothing_read}, State::replying},
      {{State::replying, Event::closed}, State::failed},
      {{State::replying, Event::timer}, State::late},
      {{State::late, Event::nothing_read}, State::failed},
      {{State::late, Event::closed}, State::failed},
      {{State::asking, Event::may_wait}, State::waiting},
      {{State::asking, Event::may_not_wait}, State::failed},
      {{State::waiting, Event::nothing_read}, State::waiting},
      {{State::waiting, Event::closed}, State::failed},
      {{State::waiting, Event::timer}, State::sending},
      {{State::renewing, Event::renewed}, State::looking},
      {{State::renewing, Event::timer}, State::failed},
  };
  if (event == Event::interrupted) return state == State::ready ? std::optional<State>() : State::failed;
  const auto row = table.find({state, event});
  return row != table.end() ? std::optional(row->second) : std::nullopt;
}

constexpr Event all_events[] = {Event::prepared, Event::permit,     Event::connected,    Event::refused,
                                Event::secured,  Event::tls_failed, Event::nothing_read, Event::closed,
                                Event::sent,     Event::may_wait,   Event::may_not_wait, Event::renewed,
                                Event::timer,    Event::interrupted};

TEST(OpeningFsm, FollowsTableForEachEventInEachState) {
  for (const State state : all_states) {
    for (const Event event : all_events) {
      SCOPED_TRACE("state " + std::to_string(static_cast<int>(state)) + ", event " +
                   std::to_string(static_cast<int>(event)));
      const auto attempt = in(state);
      const Action action = apply(*attempt, event);
      const std::optional<State> next = expected(state, event);
      EXPECT_EQ(attempt->machine.state(), next.value_or(state));
      EXPECT_EQ(action.kind == Kind::none, !next);
      EXPECT_EQ(action.kind == Kind::fail, next == State::failed);
    }
  }
}

// Late events must not leave traces, whatever their number.
TEST(OpeningFsm, GoesOnAfterLateEvents) {
  Attempt attempt(with_provider());
  const auto late_events = [&] {
    const State state = attempt.machine.state();
    for (const Event event : all_events)
      EXPECT_TRUE(expected(state, event) || apply(attempt, event).kind == Kind::none);
    EXPECT_EQ(attempt.machine.state(), state);
  };
  late_events();
  attempt.prepared(1, true, {"ann", "old"});
  late_events();
  attempt.admitted();
  late_events();
  attempt.connected();
  late_events();
  attempt.secured();
  late_events();
  attempt.looked();
  late_events();
  attempt.sent(wire({"HELLO", "3", "AUTH", "ann", "old"}));
  late_events();
  attempt.answered(wrongpass);
  late_events();
  attempt.renewed({"ann", "new"}).looked().sent().answered(loading);
  late_events();
  attempt.asked(true);
  late_events();
  attempt.expires().sent(wire({"HELLO", "3", "AUTH", "ann", "new"})).expires();
  late_events();
  attempt.looked(hello3).sent().answered(hello_then_ok).ready();
  late_events();
}

TEST(OpeningFsm, ReportsShutdownInEachState) {
  for (const State state : all_states) {
    if (state == State::ready) continue;
    const auto attempt = in(state);
    attempt->action = attempt->machine.on_interrupted();
    EXPECT_EQ(attempt->fails(Errc::closed, "interrupted by shutdown").remedy, Remedy::never);
  }
}

TEST(OpeningFsm, SetsTimeLimitOfEachActionThatWaits) {
  for (const State state : all_states) {
    const auto attempt = in(state);
    const Action& action = attempt->action;
    const bool instant = action.kind == Kind::look || action.kind == Kind::ask ||
                         action.kind == Kind::ready || action.kind == Kind::fail;
    EXPECT_EQ(action.until == TimePoint{}, instant) << static_cast<int>(state);
    EXPECT_LE(action.until, attempt->deadline);
  }
}

}  // namespace
}  // namespace redstart::inline v0::protocol
