// SPDX-License-Identifier: Apache-2.0
// channel.hpp: the seam between handles and connections: whatever can carry commands to one database.
#pragma once

#include <redstart/core/call_site.hpp>
#include <redstart/core/error.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/call_options.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/reply_sink.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/resp/decode.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace redstart::inline v0::engine {

/// Whether a channel may carry commands that change the state of its connection.
enum class Exclusive : bool { no, yes };

/// Carries commands to one database: a pool, or the one connection of a scoped handle. Handles see nothing
/// else of the machinery; tests may put a scripted one in its place.
///
/// Thread safety: a pool's channel is safe for concurrent use, a lease's is not.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Sends one command and delivers its reply to `sink`. Returns the error instead, also a server's error
  /// reply.
  [[nodiscard]] virtual std::optional<Error> exchange(const Request& request, ReplySink& sink,
                                                      const CallOptions& options) = 0;
  /// Sends a batch and keeps its replies; `ends[i]` is where command `i` ends in `bytes`, `traits` are those
  /// of all together. Replies that did not come get the error that says why (`Replies::rest`).
  [[nodiscard]] virtual Replies exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                               const RequestTraits& traits, const CallOptions& options) = 0;
  /// Makes sure that the last attempt to reach the database did not fail, by making one if there was none.
  [[nodiscard]] virtual std::optional<Error> ensure_reachable(const CallOptions& options) = 0;
  /// One connection for the caller alone; `where` tells who keeps it, if he keeps it for too long.
  [[nodiscard]] virtual Result<std::unique_ptr<Channel>> lease(const CallOptions& options,
                                                               CallSite where) = 0;

  [[nodiscard]] virtual Exclusive exclusive() const noexcept = 0;
  [[nodiscard]] virtual std::string_view database() const noexcept = 0;
  [[nodiscard]] virtual std::string_view endpoint() const noexcept = 0;

 protected:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
};

using ChannelPtr = std::shared_ptr<Channel>;

/// The error of a reply that is not what was asked for. `what` says which command's.
[[nodiscard]] Error decode_error(const Origin& origin, std::string_view command,
                                 const resp::DecodeIssue& issue);
/// The same where a user's codec threw; takes the exception under way.
[[nodiscard]] Error codec_error(const Origin& origin, std::string_view command);
/// The error that an error reply stands for; `attempts`: with the one that it answers.
[[nodiscard]] Error server_error(const Origin& origin, std::string_view command, std::string_view message,
                                 ReplyOf of, unsigned attempts = 1);
/// Refuses a command that would change a connection that others use as well.
[[nodiscard]] Error not_allowed(const Origin& origin, std::string_view command);
/// Why no channel of that kind carries a command that changes the state `session`; empty when it does.
/// `encoded` is the command in RESP: its words tell the subcommand, however it was given.
///
/// Errors: `not_allowed`. Subscriptions, replication, RESET and commands that suppress replies are refused on
/// every channel: no handle could read what follows them.
[[nodiscard]] std::optional<Error> refused_session(const Origin& origin, Exclusive kind, Session session,
                                                   std::string_view encoded);
/// Refuses a command without the keys, fields or elements that it needs.
[[nodiscard]] Error no_arguments(const Origin& origin, std::string_view command);
/// Refuses a command between MULTI and EXEC, whose reply would be QUEUED instead of its value.
[[nodiscard]] ErrorInfo only_queued();

/// A slot that belongs to another pipeline.
[[nodiscard]] Error foreign_slot(const Origin& origin);

}  // namespace redstart::inline v0::engine
