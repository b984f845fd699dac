// SPDX-License-Identifier: Apache-2.0
// async_pipeline.hpp: many commands as one asynchronous operation, each with its typed reply.
#pragma once

#include <redstart/client/operation.hpp>
#include <redstart/client/pipeline.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/engine/async_channel.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace detail {

/// Receives the replies of a batch as they come.
class RepliesReceiver {
 public:
  using value_type = Replies;
  struct Seed {
    engine::Origin origin{};
    std::size_t size = 0;
    BatchCommands commands{};
  };

  explicit RepliesReceiver(Seed&& seed) noexcept : size_(seed.size), commands_(std::move(seed.commands)) {
    replies_.origin = std::move(seed.origin);
  }

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    if (node.request.replies == 0) return node.finish(std::nullopt, nullptr);
    channel.start(node);
  }
  void accept(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation,
              bool runs_here) noexcept;
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  void fail(Error&& why) noexcept { replies_.rest = std::move(why); }
  void settle();

  std::optional<Error> error{};  ///< Always empty: each slot has its own.
  Replies value{engine::Replies{}};

 private:
  engine::Replies replies_{};
  std::size_t size_;
  BatchCommands commands_;
};

/// Receives the replies of a batch of which none is read: only the first error counts.
class DoneReceiver {
 public:
  using value_type = void;
  using Seed = RepliesReceiver::Seed;

  explicit DoneReceiver(Seed&& seed) noexcept : replies_(std::move(seed)) {}

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    RepliesReceiver::start(channel, node);
  }
  void accept(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation,
              bool runs_here) noexcept {
    replies_.accept(frame, origin, operation, runs_here);
  }
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  void fail(Error&& why) noexcept { replies_.fail(std::move(why)); }
  void settle() {
    replies_.settle();
    error = replies_.value.first_error();
  }

  std::optional<Error> error{};

 private:
  RepliesReceiver replies_;
};

/// Receives the replies of a batch, and picks those of some slots where the handler runs.
template <class Slots>
class SlotsReceiver {
 public:
  using value_type = typename replies_of<Slots>::type;
  static_assert(!resp::holds_view<value_type>,
                "a std::string_view would point into replies that are gone: read a std::string, or keep the "
                "Replies of execute()");

  struct Seed {
    Slots wanted;
    RepliesReceiver::Seed replies;
  };

  explicit SlotsReceiver(Seed&& seed) : wanted_(std::move(seed.wanted)), replies_(std::move(seed.replies)) {}

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    RepliesReceiver::start(channel, node);
  }
  void accept(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation,
              bool runs_here) noexcept {
    replies_.accept(frame, origin, operation, runs_here);
  }
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  void fail(Error&& why) noexcept { replies_.fail(std::move(why)); }
  void settle() {
    replies_.settle();
    const Replies& replies = replies_.value;
    try {
      error = replies.first_error();
      if (error) return;
      if constexpr (requires { wanted_.index; }) {
        value = replies[wanted_].value();
      } else {
        value = replies[wanted_];
      }
    } catch (const Error& first) {
      error = first;
    } catch (...) {
      error = engine::codec_error({}, "pipeline");
    }
  }

  std::optional<Error> error{};
  value_type value{};

 private:
  Slots wanted_;
  RepliesReceiver replies_;
};

}  // namespace detail

using RepliesOperation = Operation<Replies, void(std::exception_ptr, Replies), detail::RepliesReceiver>;
/// Completes when a batch was executed without an error.
using DoneOperation = Operation<void, void(std::exception_ptr), detail::DoneReceiver>;
/// Completes with the replies of slots.
template <class Slots>
using SlotsOperation = Operation<typename detail::replies_of<Slots>::type,
                                 void(std::exception_ptr, typename detail::replies_of<Slots>::type),
                                 detail::SlotsReceiver<Slots>>;

class AsyncPipeline;
template <>
struct executor_traits<AsyncPipeline> {
  template <class R>
  using reply = Slot<R>;
};

/// Collects commands and sends them in one exchange, without waiting for it. Not a transaction: other
/// clients' commands may come in between.
///
///     auto pipe = async.pipeline();
///     const auto hits = pipe.incr("hits");
///     const auto name = pipe.get<std::string_view>("name");
///     const auto replies = co_await pipe.execute();
///     use(replies[hits].value(), replies[name].value());
///
/// Move-only. Thread safety: one thread at a time. A pipeline that is dropped sends nothing.
class AsyncPipeline : public AllCommands<AsyncPipeline> {
 public:
  AsyncPipeline(engine::AsyncChannelPtr channel, engine::CallOptions options)
      : channel_(std::move(channel)), options_(options) {
    clear();
  }
  AsyncPipeline(AsyncPipeline&&) noexcept = default;
  AsyncPipeline& operator=(AsyncPipeline&&) noexcept = default;
  AsyncPipeline(const AsyncPipeline&) = delete;
  AsyncPipeline& operator=(const AsyncPipeline&) = delete;
  ~AsyncPipeline() = default;

  /// How many commands were collected.
  [[nodiscard]] std::size_t size() const noexcept { return batch_.replies; }

  /// The operation that sends everything collected so far and completes with the replies; the pipeline is
  /// empty then and can be used again. Sends nothing when nothing was collected.
  ///
  /// Errors: it completes without one; each slot tells its own. After a lost connection the first replies may
  /// be there, and the other slots tell what became of theirs.
  RepliesOperation execute() { return RepliesOperation(channel_, take<detail::RepliesReceiver>(replies())); }

  /// The operation that sends everything collected so far and completes with the replies of these slots: of
  /// one, or a tuple, pair or vector of them.
  ///
  /// Errors: the first error of any command, whether its slot is among these or not. `execute()` is for
  /// batches that may succeed in part.
  template <class Slots>
  SlotsOperation<Slots> execute(Slots wanted) {
    return SlotsOperation<Slots>(channel_,
                                 take<detail::SlotsReceiver<Slots>>({std::move(wanted), replies()}));
  }
  /// The operation that sends everything collected so far and completes without a value. Errors: the first
  /// error of any command.
  DoneOperation execute_all() { return DoneOperation(channel_, take<detail::DoneReceiver>(replies())); }

  template <class R, class... A>
  Slot<R> submit(const Command<R, A...>& command) const {
    const std::size_t before = batch_.bytes.size();
    try {
      resp::Writer writer(batch_.bytes);
      command.encode(writer);
      if (command.lacks_arguments()) [[unlikely]]
        engine::no_arguments(origin(), command.info().name).raise();
      if (command.info().session != Session::none) [[unlikely]]
        refuse(command.info().session, batch_.bytes.view().substr(before));
      commands_.add(command.info());
    } catch (...) {
      batch_.bytes.truncate(before);
      throw;
    }
    batch_.traits.add(command.retry(), command.info().reply_of, command.blocks_for());
    return {batch_.replies++, command.info().reply_of, commands_.number()};
  }

 private:
  [[nodiscard]] const engine::Origin& origin() const { return channel_->origin(); }
  void refuse(Session session, std::string_view encoded) const {
    if (const auto refused = engine::refused_session(origin(), engine::Exclusive::no, session, encoded))
      refused->raise();
  }
  [[nodiscard]] detail::RepliesReceiver::Seed replies() {
    return {channel_->origin(), size(), std::move(commands_)};
  }
  template <class Receiver>
  detail::Call<Receiver> take(typename Receiver::Seed seed) {
    detail::Call<Receiver> call(std::move(batch_), options_, std::move(seed));
    clear();
    return call;
  }
  void clear() const noexcept {
    batch_ = engine::OwnedRequest();
    batch_.replies = 0;
    batch_.traits.retry = Retry::read;
  }
  engine::AsyncChannelPtr channel_;
  engine::CallOptions options_;
  mutable engine::OwnedRequest batch_{};
  mutable detail::BatchCommands commands_{};
};

/// Lets `collect` fill `pipe`; the operation sends it and completes with the replies of the slots that
/// `collect` returned. Errors: the first error of any command, whether its slot was returned or not.
template <class F>
auto run_pipeline(AsyncPipeline pipe, F&& collect) {
  using Slots = std::remove_cvref_t<std::invoke_result_t<F, AsyncPipeline&>>;
  static_assert(detail::block_result<Slots>,
                "a pipeline block returns nothing, a slot, or a tuple, pair or vector of slots");
  if constexpr (std::is_void_v<Slots>) {
    std::forward<F>(collect)(pipe);
    return pipe.execute_all();
  } else if constexpr (detail::slot_group<Slots>) {
    return pipe.execute(Slots(std::forward<F>(collect)(pipe)));
  }
}

}  // namespace redstart::inline v0
