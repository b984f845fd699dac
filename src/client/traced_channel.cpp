// SPDX-License-Identifier: Apache-2.0
// traced_channel.cpp: wraps synchronous channels.
#include "traced_channel.hpp"

#include "span.hpp"

#include <optional>
#include <utility>

namespace redstart::inline v0::detail {

namespace {

std::optional<ErrorType> first_refusal(const engine::Replies& replies) {
  for (std::size_t i = 0; replies.errors != 0 && i != replies.frames.size(); ++i) {
    if (!replies.has(i)) continue;
    if (const auto refusal = refusal_in(replies.frame(i))) return refusal;
  }
  return std::nullopt;
}

/// Base: `Channel` for a lease, `ChannelSource` for a pool.
template <class Base>
class TracedChannel : public Base {
 public:
  TracedChannel(std::shared_ptr<Base> channel, std::shared_ptr<Tracer> tracer) noexcept
      : channel_(std::move(channel)), tracer_(std::move(tracer)) {}

  std::optional<Error> exchange(const engine::Request& request, engine::ReplySink& sink,
                                const engine::CallOptions& options) override {
    Span span(tracer_, origin(), request.traits().operation, 1);
    auto error = channel_->exchange(request, sink, options);
    if (error)
      span.failed(*error);
    else
      span.succeeded();
    return error;
  }
  engine::Replies exchange_batch(const engine::Batch& batch, const engine::CallOptions& options) override {
    if (batch.size() == 0) return channel_->exchange_batch(batch, options);
    Span span(tracer_, origin(), batch.traits.operation, batch.size());
    engine::Replies replies = channel_->exchange_batch(batch, options);
    if (const auto refusal = first_refusal(replies))
      span.failed(*refusal);
    else if (!replies.failures.empty())
      span.failed(replies.failures.front().error);
    else
      span.succeeded();
    return replies;
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return channel_->exclusive(); }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return channel_->origin(); }

 protected:
  const std::shared_ptr<Base> channel_;
  const std::shared_ptr<Tracer> tracer_;
};

class TracedSource final : public TracedChannel<engine::ChannelSource> {
 public:
  using TracedChannel::TracedChannel;

  std::optional<Error> ensure_reachable(const engine::CallOptions& options) override {
    return channel_->ensure_reachable(options);
  }
  Result<engine::ChannelPtr> lease(const engine::CallOptions& options, CallSite where) override {
    auto lease = channel_->lease(options, where);
    if (!lease) return lease;
    return engine::ChannelPtr(std::make_shared<TracedChannel<engine::Channel>>(*std::move(lease), tracer_));
  }
};

}  // namespace

engine::ChannelSourcePtr traced(engine::ChannelSourcePtr source, std::shared_ptr<Tracer> tracer) {
  return std::make_shared<TracedSource>(std::move(source), std::move(tracer));
}

}  // namespace redstart::inline v0::detail
