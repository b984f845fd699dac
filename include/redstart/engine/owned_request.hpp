// SPDX-License-Identifier: Apache-2.0
// owned_request.hpp: encoded commands that own their bytes until they complete.
#pragma once

#include <redstart/engine/request.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0::engine {

/// One command, or a batch of them, of an asynchronous operation. Owns its bytes: it holds no view of the
/// caller's arguments.
struct OwnedRequest : Encoded {
  OwnedRequest() = default;
  template <class R, class... A>
  explicit OwnedRequest(const Command<R, A...>& command) : Encoded(command) {}

  std::uint32_t replies = 1;  ///< How many replies it awaits; 0: it only waits for a ready connection.
};

/// The name of the first command in `encoded`, for messages: `GET`. Empty when there is none.
[[nodiscard]] std::string_view command_name(std::string_view encoded) noexcept;

}  // namespace redstart::inline v0::engine
