// SPDX-License-Identifier: Apache-2.0
// channel.hpp: the seam between handles and connections.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/engine/batch.hpp>
#include <redstart/engine/call_options.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/reply_sink.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/resp/decode.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0::engine {

/// Whether a connection serves one caller alone, so that commands may change its state.
enum class Exclusive : bool { no, yes };

/// Carries commands to one database: a pool, or the one connection of a scoped handle. Handles know nothing
/// else of the machinery; tests may put a scripted one in its place.
///
/// Thread safety: a pool's channel is safe for concurrent use, a lease's is not.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Sends one command and delivers its reply to `sink`, after `sink.comes_from` with the server that
  /// replied. Returns the error instead, also that of an error reply.
  [[nodiscard]] virtual std::optional<Error> exchange(const Request& request, ReplySink& sink,
                                                      const CallOptions& options) = 0;
  /// Sends a batch and keeps its replies. A command without a reply has its own failure: `not_sent` if its
  /// last byte never reached the kernel, else `indeterminate`.
  [[nodiscard]] virtual Replies exchange_batch(const Batch& batch, const CallOptions& options) = 0;

  [[nodiscard]] virtual Exclusive exclusive() const noexcept = 0;
  /// The database, and the server where calls begin. Another server may reply.
  [[nodiscard]] virtual const Origin& origin() const noexcept = 0;

 protected:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
};

using ChannelPtr = std::shared_ptr<Channel>;

/// The error of a reply that is not what was asked for. `what` says which command's.
[[nodiscard]] Error decode_error(const Origin& origin, std::string_view command,
                                 const resp::DecodeIssue& issue);
/// The error of a reply that a user's codec failed to read. Preconditions: called in the handler of its
/// exception.
[[nodiscard]] Error codec_error(const Origin& origin, std::string_view command);
/// The error that an error reply stands for. `attempts`: those of the call, including the one it answers.
[[nodiscard]] Error server_error(const Origin& origin, std::string_view command, std::string_view message,
                                 ReplyOf of, unsigned attempts = 1);
/// Fails the commands of a batch that have no reply, which are its last ones. An error that leaves open what
/// became of them counts for those whose last byte is among the first `sent` bytes; the others were not sent.
void fail_rest(Replies& replies, const BatchCommands& commands, std::size_t sent, const Error& why);
/// A slot that belongs to another pipeline.
[[nodiscard]] Error foreign_slot(const Origin& origin);

}  // namespace redstart::inline v0::engine
