// SPDX-License-Identifier: Apache-2.0
// traced_async_channel.cpp: wraps asynchronous channels and their operations.
#include "span.hpp"
#include "traced_channel.hpp"

#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0::detail {

namespace {

using engine::OperationNode;

/// Stands for the operation of a handle while it is under way. It has the bytes of that operation, which gets
/// them back, with all else that the engine notes, before it is called.
class TracedOperation final : public OperationNode {
 public:
  /// Errors: std::bad_alloc, with which `inner` is unchanged. `spans`: false for a lease.
  static TracedOperation& make(OperationNode& inner, const std::shared_ptr<Tracer>& tracer,
                               const engine::Origin& origin, bool spans) {
    auto& made = *new TracedOperation(inner, tracer);
    if (spans && inner.request.replies != 0)
      made.span_.emplace(tracer, origin, inner.request.traits.operation, inner.request.replies);
    return made;
  }

  void accept(std::string_view frame, const engine::Origin& origin) noexcept override {
    if (span_ && !refusal_) refusal_ = refusal_in(frame);
    const Lent lent(*this);
    inner_.accept(frame, origin);
  }
  [[nodiscard]] bool claim() noexcept override { return inner_.claim(); }
  void grant(std::shared_ptr<engine::AsyncChannel>&& lease) noexcept override;
  void finish(std::optional<Error> error, const boost::asio::any_io_executor* handler_executor) override {
    if (span_) end_span(error);
    return_state();
    inner_.request.bytes = std::move(request.bytes);
    OperationNode& inner = inner_;
    delete this;
    inner.finish(std::move(error), handler_executor);
  }
  void destroy() noexcept override {
    return_state();
    OperationNode& inner = inner_;
    delete this;
    inner.destroy();
  }

 private:
  // The bytes are with the inner operation, for its messages.
  class Lent {
   public:
    explicit Lent(TracedOperation& outer) noexcept : outer_(outer) {
      outer_.return_state();
      std::swap(outer_.request.bytes, outer_.inner_.request.bytes);
    }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() { std::swap(outer_.request.bytes, outer_.inner_.request.bytes); }

   private:
    TracedOperation& outer_;
  };

  TracedOperation(OperationNode& inner, std::shared_ptr<Tracer> tracer)
      : OperationNode(take_request(inner)), inner_(inner), tracer_(std::move(tracer)) {
    options = inner.options;
    batch = inner.batch;
    id = inner.id;
    place = std::exchange(inner.place, nullptr);
    revocable = inner.revocable;
    start = inner.start;
    deadline = inner.deadline;
  }
  ~TracedOperation() = default;

  static engine::OwnedRequest take_request(OperationNode& inner) noexcept {
    engine::OwnedRequest request;
    request.traits = inner.request.traits;
    request.replies = inner.request.replies;
    request.bytes = std::move(inner.request.bytes);
    return request;
  }
  void return_state() noexcept {
    inner_.reached = reached;
    inner_.start = start;
    inner_.deadline = deadline;
    inner_.answered = answered;
    inner_.attempts = attempts;
    inner_.uncertain = uncertain;
    inner_.sequence = sequence;
  }
  void end_span(const std::optional<Error>& error) noexcept {
    if (refusal_)
      span_->failed(*refusal_);
    else if (error)
      span_->failed(*error);
    else
      span_->succeeded();
  }

  OperationNode& inner_;
  const std::shared_ptr<Tracer> tracer_;
  std::optional<Span> span_{};
  std::optional<ErrorType> refusal_{};  // of the first error reply
};

template <class Base>
class TracedAsyncChannel : public Base {
 public:
  TracedAsyncChannel(std::shared_ptr<Base> channel, std::shared_ptr<Tracer> tracer) noexcept
      : channel_(std::move(channel)), tracer_(std::move(tracer)) {}

  void start(OperationNode& operation) noexcept override { channel_->start(*wrap(operation, true)); }
  void reject(OperationNode& operation, Error error) noexcept override {
    channel_->reject(operation, std::move(error));
  }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return channel_->executor();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return channel_->exclusive(); }
  void state_changed(const OperationNode& operation, std::string_view frame) noexcept override {
    channel_->state_changed(operation, frame);
  }
  void taken_at(CallSite where) noexcept override { channel_->taken_at(where); }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return channel_->origin(); }

 protected:
  // Returns the operation itself if there is no memory: it then has no span.
  OperationNode* wrap(OperationNode& operation, bool spans) noexcept {
    try {
      return &TracedOperation::make(operation, tracer_, origin(), spans);
    } catch (const std::bad_alloc&) {
      return &operation;
    }
  }

  const std::shared_ptr<Base> channel_;
  const std::shared_ptr<Tracer> tracer_;
};

class TracedLease final : public TracedAsyncChannel<engine::AsyncChannel> {
 public:
  using TracedAsyncChannel::TracedAsyncChannel;
};

class TracedAsyncSource final : public TracedAsyncChannel<engine::AsyncChannelSource> {
 public:
  using TracedAsyncChannel::TracedAsyncChannel;
  void lease(OperationNode& operation) noexcept override { channel_->lease(*wrap(operation, false)); }
};

void TracedOperation::grant(std::shared_ptr<engine::AsyncChannel>&& lease) noexcept {
  try {
    inner_.grant(std::make_shared<TracedLease>(lease, tracer_));
  } catch (const std::bad_alloc&) {
    inner_.grant(std::move(lease));  // works, without spans
  }
}

}  // namespace

engine::AsyncChannelSourcePtr traced(engine::AsyncChannelSourcePtr source, std::shared_ptr<Tracer> tracer) {
  return std::make_shared<TracedAsyncSource>(std::move(source), std::move(tracer));
}

}  // namespace redstart::inline v0::detail
