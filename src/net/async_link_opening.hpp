// SPDX-License-Identifier: Apache-2.0
// async_link_opening.hpp: what a connection needs only while it is being opened; part of async_link*.cpp.
#pragma once

#include "address_rounds.hpp"
#include "async_link.hpp"
#include "handshake_inbox.hpp"

#include "../protocol/handshake_fsm.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

struct AsyncLink::Opening {
  enum class Phase : std::uint8_t {
    prepare,  // files, the credentials provider, the lookup of the name
    gate,     // too many are being opened in this process
    connect,  // an address is being tried
    tls,      // the server proves who it is
    answer,   // the handshake awaits a reply
    renew,    // the provider is asked for other credentials
    wait,     // the server is loading: until it is asked again
  };

  Opening(const boost::asio::any_io_executor& executor, const DatabaseConfig& config,
          const std::string& client_name, TimePoint until)
      : settings(handshake_settings(config, client_name)),
        inbox(config.limits),
        timer(executor),
        deadline(until) {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() {
    if (ticket != 0) HandshakeGate::process().forget(ticket);
  }

  void use(Credentials given) {
    credentials = std::move(given);
    settings.username = credentials.username;
    settings.password = credentials.password.reveal();
  }

  protocol::HandshakeSettings settings;
  protocol::HandshakeFsm machine{settings};
  HandshakeInbox inbox;
  bool nothing_sent = true;
  boost::asio::steady_timer timer;
  TimePoint deadline;
  Phase phase = Phase::prepare;
  Progress progress = new_progress();
  Preparer::Subscription subscription{};
  HandshakeGate::Ticket ticket = 0;
  std::shared_ptr<HandshakeGate::Pass> pass{};
  std::vector<Address> addresses{};
  std::shared_ptr<const TlsContext> tls{};
  Credentials credentials{};  // of the provider
  bool asked_again = false;
  AddressRounds rounds{};
  std::uint64_t step = 0;  // events of earlier steps are ignored
};

}  // namespace redstart::inline v0::net
