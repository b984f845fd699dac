// SPDX-License-Identifier: Apache-2.0
// probe.hpp: makes one health probe of one database.
#pragma once

#include "../pool/server.hpp"
#include "probe_facts.hpp"

#include <redstart/core/clock.hpp>

#include <chrono>
#include <string>

namespace redstart::inline v0::health {

/// The temporary key of one probe.
struct TemporaryKey {
  std::string name{};  ///< Empty: the operational check is not made.
  std::string value{};
  std::chrono::milliseconds lifetime{0};
};

/// Returns a key that no other process and no other probe uses.
[[nodiscard]] TemporaryKey temporary_key(const std::string& prefix, std::chrono::milliseconds lifetime);

/// Probes the server over a connection of its own: PING, INFO, and SET, GET and DEL of the key. Blocks until
/// `deadline` at the latest. Neither statistics nor breaker notice it. Errors: std::bad_alloc.
[[nodiscard]] ProbeFacts probe(pool::Server& server, const TemporaryKey& key, TimePoint deadline);

}  // namespace redstart::inline v0::health
