// SPDX-License-Identifier: Apache-2.0
// owned_request.hpp: encoded commands that own their bytes until they complete.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/writer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0::engine {

/// One encoded command, or a batch of them, on its way over an asynchronous connection: no view of the
/// caller's arguments is left once it is made.
struct OwnedRequest {
  OwnedRequest() = default;
  /// Errors: std::length_error for an argument above 512 MiB; what a user's codec throws.
  template <class R, class... A>
  explicit OwnedRequest(const Command<R, A...>& command)
      : retry(command.retry()),
        reply_of(command.info().reply_of),
        session(command.info().session),
        shows_queued(engine::shows_queued<R>),
        lacks_arguments(command.lacks_arguments()),
        spread(command.info().spread),
        keys(command.info().keys),
        blocks_for(command.blocks_for()) {
    resp::Writer writer(bytes);
    command.encode(writer);
  }
  OwnedRequest(OwnedRequest&&) noexcept = default;
  OwnedRequest& operator=(OwnedRequest&&) noexcept = default;

  resp::Buffer bytes{};
  Retry retry = Retry::accumulating;
  ReplyOf reply_of = ReplyOf::plain_command;
  Session session = Session::none;  ///< The state of its connection that the command changes.
  bool shows_queued = false;        ///< The reply's type shows QUEUED as what it is: may follow MULTI.
  bool lacks_arguments = false;     ///< A container of keys, fields or elements is empty: never sent.
  Spread spread{};                  ///< How a cluster routes it; of a batch: unused.
  KeySpec keys{};                   ///< Where its keys are; of a batch: unused.
  std::optional<std::chrono::milliseconds> blocks_for{};  ///< Zero: for ever.
  std::uint32_t replies = 1;  ///< How many replies it awaits; 0: it only waits for a ready connection.
};

/// The name of the first command in `encoded`, for messages: `GET`. Empty when there is none.
[[nodiscard]] std::string_view command_name(std::string_view encoded) noexcept;

}  // namespace redstart::inline v0::engine
