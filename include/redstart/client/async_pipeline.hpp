// SPDX-License-Identifier: Apache-2.0
// async_pipeline.hpp: many commands as one asynchronous operation, each with its typed reply.
#pragma once

#include <redstart/client/operation.hpp>
#include <redstart/client/pipeline.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/async_channel.hpp>

#include <cstddef>
#include <cstdint>
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
    engine::BatchCommands commands{};
  };

  explicit RepliesReceiver(Seed&& seed) noexcept : commands_(std::move(seed.commands)) {
    replies_.origin = std::move(seed.origin);
  }

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    if (node.request.replies == 0) return node.finish(std::nullopt, nullptr);
    channel.start(node);
  }
  void accept(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation,
              bool runs_here) noexcept;
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  /// The commands that are not answered fail, each with its own effect.
  void fail(Error&& why) noexcept { why_ = std::move(why); }
  /// How many bytes may have reached the kernel, before `fail`.
  void reached(std::size_t bytes) noexcept { sent_ = bytes; }
  void settle();
  [[nodiscard]] const engine::BatchCommands& batch() const noexcept { return commands_; }

  std::optional<Error> error{};  ///< Always empty: each slot has its own.
  Replies value{engine::Replies{}};

 private:
  engine::Replies replies_{};
  std::optional<Error> why_{};  ///< Why the last commands have no reply.
  std::size_t sent_ = 0;        ///< The bytes that may have reached the kernel.
  engine::BatchCommands commands_;
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
  void reached(std::size_t bytes) noexcept { replies_.reached(bytes); }
  [[nodiscard]] const engine::BatchCommands& batch() const noexcept { return replies_.batch(); }
  void settle() {
    replies_.settle();
    error = replies_.value.first_error();
  }

  std::optional<Error> error{};
  Ok value{};

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
  void reached(std::size_t bytes) noexcept { replies_.reached(bytes); }
  [[nodiscard]] const engine::BatchCommands& batch() const noexcept { return replies_.batch(); }
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
/// As `DoneOperation`, completing with a Result.
using DoneResultOperation = Operation<Ok, void(Result<Ok>), detail::DoneReceiver>;
/// As `SlotsOperation`, completing with a Result.
template <class Slots>
using SlotsResultOperation =
    Operation<typename detail::replies_of<Slots>::type,
              void(Result<typename detail::replies_of<Slots>::type>), detail::SlotsReceiver<Slots>>;

class AsyncPipeline;
template <>
struct executor_traits<AsyncPipeline> {
  template <class R>
  using reply = Slot<R>;
};
class AsyncScopedPipeline;
template <>
struct executor_traits<AsyncScopedPipeline> {
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
class AsyncPipeline : public detail::BatchCollector<engine::AsyncChannel>, public AllCommands<AsyncPipeline> {
 public:
  explicit AsyncPipeline(engine::AsyncChannelPtr channel, const engine::CallOptions& options = {})
      : BatchCollector(std::move(channel), options) {}
  AsyncPipeline(AsyncPipeline&&) noexcept = default;
  AsyncPipeline& operator=(AsyncPipeline&&) noexcept = default;
  AsyncPipeline(const AsyncPipeline&) = delete;
  AsyncPipeline& operator=(const AsyncPipeline&) = delete;
  ~AsyncPipeline() = default;

  /// The operation that sends everything collected so far and completes with the replies; the pipeline is
  /// empty then and can be used again. Sends nothing when nothing was collected.
  ///
  /// Errors: it completes without one; each slot has its own. After a lost connection the first replies may
  /// be there; each other slot has a failure of its own, `not_sent` or `indeterminate`.
  RepliesOperation execute() { return make<RepliesOperation>(); }

  /// The operation that sends everything collected so far and completes with the replies of these slots: of
  /// one, or a tuple, pair or vector of them.
  ///
  /// Errors: the first error of any command, whether its slot is among these or not. `execute()` is for
  /// batches that may succeed in part.
  template <class Slots>
  SlotsOperation<Slots> execute(Slots wanted) {
    return make<SlotsOperation<Slots>>(std::move(wanted));
  }
  /// As `execute(wanted)`, completing with a Result.
  template <class Slots>
  SlotsResultOperation<Slots> try_execute(Slots wanted) {
    return make<SlotsResultOperation<Slots>>(std::move(wanted));
  }
  /// The operation that sends everything collected so far and completes without a value. Errors: the first
  /// error of any command.
  DoneOperation execute_all() { return make<DoneOperation>(); }
  /// As `execute_all()`, completing with a Result.
  DoneResultOperation try_execute_all() { return make<DoneResultOperation>(); }

 private:
  template <class Op, class... Wanted>
  Op make(Wanted&&... wanted) {
    engine::OwnedRequest request = take_request();
    return Op(channel_, std::move(request), options_,
              typename Op::receiver_type::Seed{std::forward<Wanted>(wanted)..., take_commands()});
  }
  [[nodiscard]] engine::OwnedRequest take_request() const {
    engine::OwnedRequest request;
    request.traits = batch_.traits;
    request.traits.retry = batch_.commands.retry();
    request.replies = static_cast<std::uint32_t>(size());
    request.bytes = std::move(batch_.bytes);
    return request;
  }
  // After `take_request`.
  [[nodiscard]] detail::RepliesReceiver::Seed take_commands() const {
    detail::RepliesReceiver::Seed seed{channel_->origin(), std::move(batch_.commands)};
    batch_.clear();
    return seed;
  }
};

/// A pipeline over the connection of an asynchronous scoped handle, made by `AsyncScopedClient::pipeline()`;
/// see `ScopedPipeline`.
///
/// Move-only. Thread safety: as that of `AsyncScopedClient`.
class AsyncScopedPipeline : public AsyncPipeline, public SessionCommands<AsyncScopedPipeline> {
 public:
  using AsyncPipeline::AsyncPipeline;
};

/// Lets `collect` fill `pipe` (an `AsyncPipeline` or `AsyncScopedPipeline`); the operation sends it and
/// completes with the replies of the slots that `collect` returned. Errors: the first error of any command,
/// whether its slot was returned or not.
template <class Pipe, class F>
requires std::is_base_of_v<AsyncPipeline, Pipe>
auto run_pipeline(Pipe pipe, F&& collect) {
  using Slots = detail::block_slots<F, Pipe>;
  if constexpr (std::is_void_v<Slots>) {
    std::forward<F>(collect)(pipe);
    return pipe.execute_all();
  } else if constexpr (detail::slot_group<Slots>) {
    return pipe.execute(Slots(std::forward<F>(collect)(pipe)));
  }
}

/// As `run_pipeline`; the operation completes with a Result, of `Ok` for a block that returns nothing.
template <class Pipe, class F>
requires std::is_base_of_v<AsyncPipeline, Pipe>
auto try_pipeline(Pipe pipe, F&& collect) {
  using Slots = detail::block_slots<F, Pipe>;
  if constexpr (std::is_void_v<Slots>) {
    std::forward<F>(collect)(pipe);
    return pipe.try_execute_all();
  } else if constexpr (detail::slot_group<Slots>) {
    return pipe.try_execute(Slots(std::forward<F>(collect)(pipe)));
  }
}

}  // namespace redstart::inline v0
