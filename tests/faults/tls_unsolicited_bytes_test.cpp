// SPDX-License-Identifier: Apache-2.0
// tls_unsolicited_bytes_test.cpp: faults 89, 93, 95, 97: excess or early bytes through TLS.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/tls_certificates.hpp"
#include "support/tls_front.hpp"
#include "support/unsolicited_bytes.hpp"

namespace redstart::test {
namespace {

class ThroughTls final : public Transport {
 public:
  [[nodiscard]] RedisConfig config(std::uint16_t server) override {
    fronts_.push_back(std::make_unique<TlsFront>(files_, server));
    RedisConfig config = config_at(fronts_.back()->port());
    config.defaults.endpoint.host = "localhost";
    config.defaults.tls.enabled = true;
    config.defaults.tls.ca_file = authority_.ca_file();
    return config;
  }

 private:
  TestAuthority authority_{};
  CertificateFiles files_ = authority_.issue("server");
  std::vector<std::unique_ptr<TlsFront>> fronts_{};
};

constexpr std::string_view evil = "$4\r\nevil\r\n";

TEST(Fault89, NoCallGetsReplyThatBeganBeforeIt) {
  ThroughTls transport;
  std::vector<Unsolicited> cases{{std::string(evil)},
                                 {"$4\r\nev", "il\r\n"},
                                 {"$", "4\r\nevil\r\n"},
                                 {"*2\r\n$4\r\nevil\r\n", "$4\r\nevil\r\n"}};
  // A record with a reply, cut inside its header, after it, and in its body.
  for (const std::size_t cut : std::initializer_list<std::size_t>{1, 4, 5, 6, 20})
    cases.push_back({TlsFront::part_of_record(evil, cut)});
  cases.push_back({std::string("$4\r\nev").append(TlsFront::part_of_record("il\r\n", 9))});
  for (const Way way : all_ways) {
    for (const Unsolicited& unsolicited : cases) expect_desync(transport, unsolicited, way);
  }
}

// The reply arrives with a part of the next record, and the next call follows at once.
TEST(Fault89, PartialRecordAfterReplyClosesTheConnection) {
  for (const Way way : {Way::direct, Way::shared}) {
    ThroughTls transport;
    FakeServer server([](FakeConnection& connection, std::size_t) {
      for (auto words = connection.handshake(); !words.empty(); words = connection.handshake()) {
        const bool first = words.back() == "a";
        connection.send(value_of_key(words) + (first ? TlsFront::part_of_record(evil, 12) : ""));
      }
    });
    WayCaller caller(transport.config(server.port()), way);
    EXPECT_EQ(caller.get("a").value(), "value of a");
    let_pass(std::chrono::milliseconds(50));
    EXPECT_EQ(caller.get("b").value(), "value of b");
    EXPECT_EQ(caller.closed_for(CloseReason::desync), 1U);
  }
}

TEST(Fault93, FloodInHandshakeThroughTlsIsRefused) {
  ThroughTls transport;
  for (const Way way : {Way::direct, Way::shared}) {
    for (const Flood& flood : {Flood{"$500000000\r\n", "xxxxxxxx"}, Flood{"%60000\r\n", "+k\r\n:1\r\n"},
                               Flood{"", ">1\r\n+x\r\n"}, Flood{"", "|1\r\n+k\r\n:1\r\n"}})
      expect_flood_refused(transport, flood, way);
  }
}

TEST(Fault93, UnsolicitedBytesInHandshakeThroughTlsFailTheAttempt) {
  ThroughTls transport;
  for (const Way way : {Way::direct, Way::shared}) {
    for (const Early& early : {
             Early{.on_accept = std::string(hello_answer) + "+OK\r\n+OK\r\n+PONG\r\n"},
             Early{.on_accept = "$4\r\nev"},
             Early{.with_hello = "+"},
             Early{.with_hello = TlsFront::part_of_record("+OK\r\n", 12)},
             Early{.with_pong = "$"},
             Early{.with_pong = TlsFront::part_of_record(evil, 3)},
         })
      expect_no_connection(transport, early, way);
  }
}

TEST(Fault95, PauseThroughTlsKeepsItsLengthWhateverArrives) {
  ThroughTls transport;
  for (const Way way : {Way::direct, Way::shared}) {
    for (const std::string& behind :
         {std::string(), std::string("+O"), std::string(">2\r\n+a\r\n+b\r\n"),
          TlsFront::part_of_record("+PONG\r\n", 3), TlsFront::part_of_record("+PONG\r\n", 15)})
      expect_pause(transport, behind, way);
  }
}

TEST(Fault97, CallOnScopedHandleIsNotSentWhenTlsPeerHasGone) {
  ThroughTls transport;
  for (const Way way : {Way::scoped, Way::scoped_async}) expect_closed_idle_handle_not_sent(transport, way);
}

}  // namespace
}  // namespace redstart::test
