// SPDX-License-Identifier: Apache-2.0
// scripted_async_channel.hpp: an asynchronous channel that answers from a script.
#pragma once

#include <redstart/engine/async_channel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::test {

/// Returns an error with this code and effect, as the engine would create it.
inline Error engine_error(Errc code, Effect effect) {
  ErrorInfo info;
  info.code = code;
  info.effect = effect;
  info.what = std::string(to_string(code));
  return Error(std::move(info));
}

/// Replaces the channel of a pool or a lease. Keeps started operations until the test answers them, or
/// answers as set by `answers`. Replies come from `frames`, in order.
class ScriptedAsyncChannel final : public engine::AsyncChannelSource,
                                   public engine::OperationPlace,
                                   public std::enable_shared_from_this<ScriptedAsyncChannel> {
 public:
  enum class Answers {
    when_told,     ///< when the test calls `answer` or `fail`
    inside_start,  ///< before `start` returns
    in_a_turn,     ///< later, in a turn of its loop
  };
  struct Sent {
    std::string bytes;
    std::uint64_t id;
    TimeLimit timeout;
    Retry retry;
    ReplyOf reply_of;
    std::optional<std::chrono::milliseconds> blocks_for;
    std::uint32_t replies;
  };
  struct Cancelled {
    std::uint64_t id;
    engine::Cancellation how;
  };

  explicit ScriptedAsyncChannel(boost::asio::any_io_executor loop,
                                engine::Exclusive kind = engine::Exclusive::no)
      : loop_(std::move(loop)), kind_(kind) {}
  ~ScriptedAsyncChannel() override { destroy_all(); }

  Answers answers = Answers::when_told;
  std::deque<std::string> frames{};
  std::optional<Error> failure{};  ///< Completes operations with this error instead of replies.
  bool written = false;            ///< Whether pending operations count as sent, which affects cancellation.
  std::shared_ptr<ScriptedAsyncChannel> next_lease{};  ///< The channel that `lease` grants.
  std::vector<Sent> sent{};
  std::vector<Cancelled> cancelled{};
  std::vector<std::pair<Session, std::string>>
      changes{};  ///< Replies to commands that change the connection.
  int leases = 0;
  bool forget = false;  ///< Stops recording started operations.
  std::size_t reached =
      std::numeric_limits<std::size_t>::max();  ///< Bytes of a failing operation that were sent.

  void start(engine::OperationNode& operation) noexcept override {
    operation.taken_by(*this);
    {
      const std::scoped_lock lock(mutex_);
      const engine::OwnedRequest& request = operation.request;
      if (!forget)
        sent.push_back({std::string(request.bytes.view()), operation.id, operation.options.timeout,
                        request.traits.retry, request.traits.reply_of, request.traits.blocks_for,
                        request.replies});
      if (answers != Answers::inside_start) pending_.push_back(&operation);
    }
    if (answers == Answers::inside_start) complete(operation, nullptr);
    if (answers == Answers::in_a_turn) post_turn();
  }

  void lease(engine::OperationNode& operation) noexcept override {
    ++leases;
    operation.taken_by(*this);
    if (!failure) operation.grant(std::move(next_lease));
    if (answers == Answers::inside_start) return operation.finish(failure, nullptr);
    boost::asio::post(loop_, [this, &operation] { operation.finish(failure, &loop_); });
  }

  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override {
    const std::scoped_lock lock(mutex_);
    cancelled.push_back({id, how});
    const auto found = std::find_if(pending_.begin(), pending_.end(),
                                    [id](const engine::OperationNode* node) { return node->id == id; });
    if (found == pending_.end() || (written && how == engine::Cancellation::total)) return;
    engine::OperationNode* const operation = *found;
    pending_.erase(found);
    boost::asio::post(loop_, [this, operation, self = shared_from_this()] {
      operation->finish(engine_error(Errc::cancelled, written ? Effect::indeterminate : Effect::not_sent),
                        &loop_);
    });
  }

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override { return loop_; }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return kind_; }
  void state_changed(const engine::OperationNode& operation, std::string_view frame) noexcept override {
    changes.emplace_back(operation.request.traits.session, frame);
  }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return origin_; }

  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return pending_.size();
  }
  /// Completes the oldest operation, as in a turn of the loop.
  void answer() { complete(take(), &loop_); }
  /// Completes the oldest operation in a turn of another loop.
  void answer(const boost::asio::any_io_executor& handler_executor) { complete(take(), &handler_executor); }
  /// Completes the oldest operation with the given frame.
  void answer_with(std::string_view frame) {
    engine::OperationNode& operation = take();
    ++operation.answered;
    operation.accept(frame, origin_);
    operation.finish(std::nullopt, &loop_);
  }
  /// Completes the oldest operation outside any turn.
  void answer_from_outside() { complete(take(), nullptr); }
  /// Destroys all operations without completing them.
  void destroy_all() noexcept {
    for (engine::OperationNode* const operation : std::exchange(pending_, {})) operation->destroy();
  }
  /// Completes the oldest operation with `error` after this many replies.
  void fail(Error error, std::size_t after = 0) {
    engine::OperationNode& operation = take();
    for (; after != 0; --after) accept(operation);
    operation.reached = reached;
    operation.finish(std::move(error), &loop_);
  }

 private:
  engine::OperationNode* take_if_any() {
    const std::scoped_lock lock(mutex_);
    if (pending_.empty()) return nullptr;
    engine::OperationNode* const operation = pending_.front();
    pending_.erase(pending_.begin());
    return operation;
  }
  engine::OperationNode& take() {
    engine::OperationNode* const operation = take_if_any();
    if (operation == nullptr) throw std::logic_error("no operation to answer");
    return *operation;
  }
  void post_turn() {
    boost::asio::post(loop_, [this, self = shared_from_this()] {
      // A cancellation may have removed it.
      if (engine::OperationNode* const operation = take_if_any()) complete(*operation, &loop_);
    });
  }
  void accept(engine::OperationNode& operation) {
    const std::string frame = frames.empty() ? "-ERR the script has ended\r\n" : std::move(frames.front());
    if (!frames.empty()) frames.pop_front();
    ++operation.answered;
    operation.accept(frame, origin_);
  }
  void complete(engine::OperationNode& operation, const boost::asio::any_io_executor* handler_executor) {
    if (failure) return operation.finish(failure, handler_executor);
    for (std::uint32_t left = operation.request.replies; left != 0; --left) accept(operation);
    operation.finish(std::nullopt, handler_executor);
  }

  boost::asio::any_io_executor loop_;
  engine::Exclusive kind_;
  engine::Origin origin_{"main", "scripted:1"};
  mutable std::mutex mutex_{};
  std::vector<engine::OperationNode*> pending_{};
};

}  // namespace redstart::test
