// SPDX-License-Identifier: Apache-2.0
// direct_renewal.cpp: newer credentials for a direct connection, and the reply to AUTH.
#include "direct_renewal.hpp"

#include "../core/failures.hpp"
#include "../protocol/not_ready.hpp"

#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <new>

namespace redstart::inline v0::pool {

namespace {

using Kind = DirectRenewal::Kind;

DirectRenewal expired(const Server& server, net::DirectConnection& connection, const Cause& why,
                      std::uint64_t refused) {
  connection.renewal().end();
  server.unauthenticated(why, refused);
  return {Kind::expired, CloseReason::credentials};
}

DirectRenewal renew(const Server& server, net::DirectConnection& connection, TimePoint& now,
                    TimePoint deadline) {
  protocol::CredentialsRenewal& renewal = connection.renewal();
  const auto newer = server.database().credentials()->newer_than(renewal.number(), now);
  if (!newer) {
    if (renewal.expired(now)) return expired(server, connection, failure::credentials_expired(), 0);
    renewal.postpone(now);
    return {};
  }
  const auto patience = server.config().timeouts.health;
  const TimePoint until = std::min(deadline_after(now, patience), now + (deadline - now) / 2);
  const net::Outcome outcome = connection.authenticate(*newer, now, until);
  now = Clock::now();
  if (outcome.kind == net::Outcome::Kind::broken) return {Kind::broken, outcome.reason};
  if (outcome.kind == net::Outcome::Kind::answered) return {};
  if (!protocol::why_not_ready(error_word(outcome.text)))
    return expired(server, connection, failure::authentication_refused(outcome.text), newer->term.number);
  renewal.postpone(now);
  return {};
}

}  // namespace

DirectRenewal renew_credentials(const Server& server, net::DirectConnection& connection, TimePoint& now,
                                TimePoint deadline) noexcept {
  try {
    return renew(server, connection, now, deadline);
  } catch (const std::bad_alloc&) {
    return {Kind::broken, CloseReason::lost};
  }
}

}  // namespace redstart::inline v0::pool
