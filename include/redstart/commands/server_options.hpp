// SPDX-License-Identifier: Apache-2.0
// server_options.hpp: options of commands on the server and its data set.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/option_text.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// How FLUSHALL and FLUSHDB free the memory.
enum class Flush : std::uint8_t {
  configured,  ///< As set by `lazyfree-lazy-user-flush` of the server.
  async,       ///< In the background. Since Redis 4.0.
  sync,        ///< Before the reply. Since Redis 6.2.
};

namespace detail {

[[nodiscard]] constexpr Keyword keyword_of(Flush how) noexcept {
  constexpr std::string_view words[] = {"", "ASYNC", "SYNC"};
  return {words[static_cast<std::uint8_t>(how)]};
}

}  // namespace detail

/// Options of FAILOVER.
struct FailoverOptions {
  OptionText host{};  ///< TO: the replica that takes over; empty: any.
  std::uint16_t port = 0;
  bool force = false;  ///< FORCE: continues after the time has passed; needs `host` and `timeout`.
  std::optional<std::chrono::milliseconds>
      timeout{};  ///< TIMEOUT: for the replica to catch up; unset: no limit.

  template <class Put>
  void arguments(Put& put) const {
    if (!host.empty()) {
      put("TO", host, port);
      if (force) put("FORCE");
    }
    if (timeout) put("TIMEOUT", timeout->count());
  }
};

}  // namespace redstart::inline v0
