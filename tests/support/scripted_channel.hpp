// SPDX-License-Identifier: Apache-2.0
// scripted_channel.hpp: a channel that answers from a script.
#pragma once

#include <redstart/engine/channel.hpp>
#include <redstart/resp/error_text.hpp>

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::test {

/// Replaces the channel of a pool or a lease, without a socket. Answers each command with the next frame of
/// `frames`.
class ScriptedChannel final : public engine::Channel {
 public:
  std::vector<std::string> frames{};  ///< Replies in RESP, in order.
  std::optional<Error> failure{};     ///< If set, every exchange fails with it.
  engine::Exclusive kind = engine::Exclusive::no;
  std::vector<std::string> sent{};  ///< The bytes of each exchange, with large arguments inserted.
  std::vector<engine::RequestTraits> traits{};
  std::vector<TimeLimit> timeouts{};
  std::size_t batches = 0;
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
    sink.frame(frame);
    return std::nullopt;
  }

  engine::Replies exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                 const engine::RequestTraits& of_batch,
                                 const engine::CallOptions& options) override {
    ++batches;
    batch_traits = of_batch;
    sent.emplace_back(bytes);
    timeouts.push_back(options.timeout);
    engine::Replies replies;
    replies.origin = origin_;
    replies.sent = ends.size();
    while (replies.frames.size() < ends.size() && at_ < frames.size()) {
      const std::string& frame = frames[at_++];
      replies.bytes.reserve(frame.size());
      std::memcpy(replies.bytes.end(), frame.data(), frame.size());
      replies.frames.push_back({replies.bytes.size(), frame.size()});
      replies.bytes.commit(frame.size());
      if (resp::is_error_frame(frame)) ++replies.errors;
    }
    replies.rest = failure;
    return replies;
  }

  std::optional<Error> ensure_reachable(const engine::CallOptions&) override { return failure; }
  Result<std::unique_ptr<engine::Channel>> lease(const engine::CallOptions&, CallSite) override {
    return std::unique_ptr<engine::Channel>(std::make_unique<ScriptedChannel>());
  }
  engine::Exclusive exclusive() const noexcept override { return kind; }
  std::string_view database() const noexcept override { return origin_.database; }
  std::string_view endpoint() const noexcept override { return origin_.endpoint; }

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
