// SPDX-License-Identifier: Apache-2.0
// async_link_opening.hpp: state of an AsyncLink while its connection is being opened.
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

// One connect attempt: from the preparation to the end of the handshake. Destroying it cancels the attempt.
struct AsyncLink::Opening {
  enum class Phase : std::uint8_t {
    prepare,  // waits for the preparation: TLS files, credentials provider, name lookup
    gate,     // waits for a permit of the handshake gate
    connect,  // waits for the TCP connection to one address
    tls,      // runs the TLS handshake
    answer,   // waits for a reply of the Redis handshake
    renew,    // waits for newer credentials of the provider
    wait,     // waits for the next poll of a server that is loading
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
    if (waiter != 0) HandshakeGate::process().cancel(waiter);
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
  HandshakeGate::WaiterId waiter = 0;
  std::shared_ptr<HandshakeGate::Pass> pass{};
  std::vector<Address> addresses{};
  std::shared_ptr<const TlsContext> tls{};
  Credentials credentials{};  // given by the provider
  bool credentials_renewed = false;
  AddressRounds rounds{};
  std::uint64_t step = 0;  // number of the armed timer; expiries of earlier ones are ignored
};

}  // namespace redstart::inline v0::net
