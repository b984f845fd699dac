// SPDX-License-Identifier: Apache-2.0
// request.hpp: encoded commands on their way to the server.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/queued.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/writer.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace redstart::inline v0 {

class Value;

namespace engine {

/// Whether an `R` shows a reply of QUEUED as what it is. Any other type could take it for a value.
template <class R>
inline constexpr bool shows_queued = std::is_same_v<R, Queued> || std::is_same_v<R, Value>;

/// The data that an exchange sends, as views: bytes, and large arguments that stay where they are.
struct Outgoing {
  std::string_view bytes{};
  std::span<const resp::External> external{};
};

/// Facts about commands that connections need when they send them.
struct RequestTraits {
  std::string_view name{};  ///< For messages: the command's name, or `pipeline`.
  Retry retry = Retry::accumulating;
  ReplyOf reply_of = ReplyOf::plain_command;
  std::optional<std::chrono::milliseconds> blocks_for{};  ///< Zero: without limit.
  Session session = Session::none;  ///< The state of its connection that the command changes.
  bool shows_queued = false;        ///< The reply's type shows QUEUED as what it is: may follow MULTI.
  bool lacks_arguments = false;     ///< A container of keys, fields or elements is empty: never sent.
  Spread spread{};                  ///< How a cluster routes it; of a batch: unused.
  KeySpec keys{};                   ///< Where its keys are; of a batch: unused.
  OperationId operation = OperationId::other;  ///< For statistics.

  /// Adds a command to those of a batch. The batch waits as long as all of its commands together.
  void add(ReplyOf reply, Session state, const std::optional<std::chrono::milliseconds>& blocks) noexcept {
    if (reply != ReplyOf::plain_command) reply_of = ReplyOf::script;
    if (state != Session::none) session = state;
    if (!blocks) return;
    const bool for_ever = blocks->count() == 0 || (blocks_for && blocks_for->count() == 0);
    const auto before = blocks_for.value_or(std::chrono::milliseconds(0));
    // The server refuses a negative time at once; zero would mean that it waits without limit.
    const auto more =
        bounded<std::chrono::milliseconds>(blocks->count() > 0 ? *blocks : std::chrono::milliseconds(1));
    blocks_for = for_ever ? std::chrono::milliseconds(0) : bounded<std::chrono::milliseconds>(before + more);
  }
};

/// Arguments of at least this size are sent from where they are stored.
inline constexpr std::size_t external_threshold = 16 * 1024;

/// The traits of one command.
template <class R, class... A>
[[nodiscard]] RequestTraits traits_of(const Command<R, A...>& command) {
  const CommandInfo& info = command.info();
  return {.name = info.name,
          .retry = command.retry(),
          .reply_of = info.reply_of,
          .blocks_for = command.blocks_for(),
          .session = info.session,
          .shows_queued = shows_queued<R>,
          .lacks_arguments = command.lacks_arguments(),
          .spread = info.spread,
          .keys = info.keys,
          .operation = info.operation};
}

/// A command in RESP, and what the engine must know of it.
struct Encoded {
  Encoded() = default;
  /// Copies all arguments. Errors: std::length_error for an argument above 512 MiB; what a user's codec
  /// throws.
  template <class R, class... A>
  explicit Encoded(const Command<R, A...>& command) : traits(traits_of(command)) {
    if (!command.info().has_row) traits.name = {};  // the caller's, which may be gone soon
    resp::Writer writer(bytes);
    command.encode(writer);
  }
  /// Leaves large arguments where they are: valid as long as the arguments of `command` are.
  template <class R, class... A>
  Encoded(const Command<R, A...>& command, std::vector<resp::External>& external)
      : traits(traits_of(command)) {
    resp::Writer writer(bytes, external, external_threshold);
    command.encode(writer);
  }

  RequestTraits traits{};
  resp::Buffer bytes{};
};

/// The name of a command, for messages: of its row where it has one (`CLIENT SETNAME`), else its first word.
/// Views `encoded`, or a row.
[[nodiscard]] std::string_view title_of(const Encoded& encoded) noexcept;

/// One command of a synchronous call. Refers to large arguments: valid during the call that made it.
class Request {
 public:
  template <class R, class... A>
  explicit Request(const Command<R, A...>& command) : own_(command, external_) {}
  /// A command that was encoded before; `encoded` must outlive the request.
  explicit Request(const Encoded& encoded) noexcept : other_(encoded.bytes.view()) {
    own_.traits = encoded.traits;
    own_.traits.name = title_of(encoded);
  }

  [[nodiscard]] Outgoing outgoing() const noexcept {
    return {other_.empty() ? own_.bytes.view() : other_, external_};
  }
  [[nodiscard]] const RequestTraits& traits() const noexcept { return own_.traits; }

 private:
  std::vector<resp::External> external_{};
  std::string_view other_{};  // encoded elsewhere; empty: `own_`
  Encoded own_{};
};

}  // namespace engine
}  // namespace redstart::inline v0
