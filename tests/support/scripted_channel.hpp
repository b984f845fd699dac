// SPDX-License-Identifier: Apache-2.0
// scripted_channel.hpp: a channel that answers from a script.
#pragma once

#include <redstart/engine/channel_source.hpp>
#include <redstart/resp/error_text.hpp>

#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::test {

/// Replaces the channel of a pool or a lease, without a socket. Answers each command with the next frame of
/// `frames`.
class ScriptedChannel final : public engine::ChannelSource {
 public:
  std::vector<std::string> frames{};  ///< Replies in RESP, in order.
  std::optional<Error> failure{};     ///< If set, every exchange fails with it.
  engine::Exclusive kind = engine::Exclusive::no;
  std::vector<std::string> sent{};  ///< The bytes of each exchange, with large arguments inserted.
  std::vector<engine::RequestTraits> traits{};
  std::vector<TimeLimit> timeouts{};
  std::size_t batches = 0;
  bool out_of_memory = false;  ///< Whether `exchange_batch` throws once everything is sent.
  std::size_t written =
      std::numeric_limits<std::size_t>::max();   ///< Bytes of a failing batch that were sent.
  std::optional<engine::Origin> replies_from{};  ///< The server that replies, if it is not that of `origin`.
  engine::RequestTraits batch_traits{};

  std::optional<Error> exchange(const engine::Request& request, engine::ReplySink& sink,
                                const engine::CallOptions& options) override {
    sent.push_back(joined(request.outgoing()));
    traits.push_back(request.traits());
    timeouts.push_back(options.timeout);
    if (failure) return failure;
    const std::string frame = next();
    if (frame.front() == '-')
      return engine::server_error(origin_, request.traits().name, resp::error_text(frame),
                                  request.traits().reply_of);
    sink.comes_from(replies_from ? *replies_from : origin_);
    sink.frame(frame);
    return std::nullopt;
  }

  engine::Replies exchange_batch(const engine::Batch& batch, const engine::CallOptions& options) override {
    ++batches;
    batch_traits = batch.traits;
    sent.emplace_back(batch.bytes.view());
    timeouts.push_back(options.timeout);
    if (out_of_memory) throw std::bad_alloc();
    engine::Replies replies;
    replies.origin = origin_;
    replies.sent = batch.size();
    while (replies.frames.size() < batch.size() && at_ < frames.size()) {
      const std::string& frame = frames[at_++];
      replies.bytes.reserve(frame.size());
      std::memcpy(replies.bytes.end(), frame.data(), frame.size());
      replies.frames.push_back({replies.bytes.size(), frame.size()});
      replies.bytes.commit(frame.size());
      if (resp::is_error_frame(frame)) ++replies.errors;
    }
    if (failure) engine::fail_rest(replies, batch.commands, written, *failure);
    return replies;
  }

  std::optional<Error> ensure_reachable(const engine::CallOptions&) override { return failure; }
  Result<engine::ChannelPtr> lease(const engine::CallOptions&, CallSite) override {
    return engine::ChannelPtr(std::make_shared<ScriptedChannel>());
  }
  engine::Exclusive exclusive() const noexcept override { return kind; }
  const engine::Origin& origin() const noexcept override { return origin_; }

 private:
  static std::string joined(const engine::Outgoing& out) {
    std::string text;
    std::size_t at = 0;
    for (const resp::External& external : out.external) {
      text.append(out.bytes.substr(at, external.offset - at)).append(external.data, external.size);
      at = external.offset;
    }
    return text.append(out.bytes.substr(at));
  }
  std::string next() { return at_ < frames.size() ? frames[at_++] : "-ERR the script has ended\r\n"; }

  engine::Origin origin_{"main", "scripted:1"};
  std::size_t at_ = 0;
};

/// Returns the error of a lost connection.
inline Error lost_connection() {
  ErrorInfo info;
  info.code = Errc::connection_lost;
  info.effect = Effect::indeterminate;
  info.remedy = Remedy::retry;
  info.what = "connection lost";
  return Error(std::move(info));
}

}  // namespace redstart::test
