// SPDX-License-Identifier: Apache-2.0
// operation_node.hpp: a started operation with its handler.
#pragma once

#include <redstart/core/result.hpp>
#include <redstart/engine/async_channel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/version.hpp>
#if BOOST_ASIO_VERSION >= 102800
#include <boost/asio/associated_immediate_executor.hpp>
#endif

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace redstart::inline v0::detail {

namespace asio = boost::asio;

[[nodiscard]] std::exception_ptr exception_of(const Error& error);

/// The allocator of a handler's operations: its own, or one that keeps a few blocks for reuse.
template <class Handler>
struct handler_allocator {
  using Associated = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;
  template <class A>
  struct replaced {
    using type = A;
  };
  template <class T>
  struct replaced<std::allocator<T>> {
    using type = asio::recycling_allocator<void>;
  };
  using type = typename replaced<Associated>::type;

  [[nodiscard]] static type get(const Handler& handler) noexcept {
    if constexpr (std::is_same_v<type, Associated>) {
      return asio::get_associated_allocator(handler, asio::recycling_allocator<void>());
    } else {
      return {};
    }
  }
};

#if BOOST_ASIO_VERSION >= 102800
/// The operation that this thread is starting: what completes inside of that call goes to the handler's
/// immediate executor.
inline constinit thread_local const void* operation_in_start = nullptr;

class StartMark {
 public:
  explicit StartMark(const void* operation) noexcept
      : before_(std::exchange(operation_in_start, operation)) {}
  StartMark(const StartMark&) = delete;
  StartMark& operator=(const StartMark&) = delete;
  ~StartMark() { operation_in_start = before_; }

 private:
  const void* before_;
};
#endif

/// Stands for "no executor of its own" where a handler is asked for its executor.
struct NoExecutor {};

template <class Handler>
inline constexpr bool has_executor =
    !std::is_same_v<asio::associated_executor_t<Handler, NoExecutor>, NoExecutor>;

template <class Executor>
[[nodiscard]] bool same_executor(const Executor& a, const asio::any_io_executor& b) noexcept {
  if constexpr (std::is_same_v<Executor, asio::any_io_executor>) {
    return a == b;
  } else {
    const Executor* const target = b.template target<Executor>();
    return target != nullptr && *target == a;
  }
}

/// Keeps an executor's context running. Asio's own guard takes a strand of any_io_executor for an executor of
/// the former kind, and does not compile.
template <class Executor, bool = asio::execution::is_executor<Executor>::value>
class HandlerWork {
 public:
  explicit HandlerWork(const Executor& executor)
      : executor_(executor), work_(asio::prefer(executor, asio::execution::outstanding_work.tracked)) {}
  [[nodiscard]] const Executor& get_executor() const noexcept { return executor_; }

 private:
  Executor executor_;
  std::decay_t<decltype(asio::prefer(std::declval<const Executor&>(),
                                     asio::execution::outstanding_work.tracked))>
      work_;
};
template <class Executor>
class HandlerWork<Executor, false> : public asio::executor_work_guard<Executor> {
  using asio::executor_work_guard<Executor>::executor_work_guard;
};

/// Where a handler is to run, and the work that keeps this place running until then.
template <class Handler>
class HandlerPlace {
 public:
  using Executor = asio::associated_executor_t<Handler, asio::any_io_executor>;

  HandlerPlace(const Handler& handler, const asio::any_io_executor& channel) {
    if constexpr (has_executor<Handler>) {
      const Executor executor = asio::get_associated_executor(handler, channel);
      if (!same_executor(executor, channel)) work_.emplace(executor);
    }
  }

  /// Whether a handler may be called in a turn of `handler_executor`.
  [[nodiscard]] bool is(const asio::any_io_executor& handler_executor,
                        const asio::any_io_executor& channel) const {
    if constexpr (has_executor<Handler>) {
      return work_ ? same_executor(work_->get_executor(), handler_executor) : handler_executor == channel;
    } else {
      return true;
    }
  }

 private:
  std::optional<HandlerWork<Executor>> work_{};
};
template <class Handler>
requires(!has_executor<Handler>) class HandlerPlace<Handler> {
 public:
  HandlerPlace(const Handler&, const asio::any_io_executor&) noexcept {}
  [[nodiscard]] static bool is(const asio::any_io_executor&, const asio::any_io_executor&) noexcept {
    return true;
  }
};

/// Calls a handler of that signature with what a receiver holds.
template <class Signature>
struct deliver;
template <class R>
struct deliver<void(std::exception_ptr, R)> {
  template <class Handler, class Receiver>
  static void to(Handler& handler, Receiver& receiver) {
    std::exception_ptr error;
    if (receiver.error) [[unlikely]] {
      error = exception_of(*receiver.error);
      if constexpr (std::is_default_constructible_v<R>) receiver.value = R{};
    }
    std::move(handler)(std::move(error), std::move(receiver.value));
  }
};
template <>
struct deliver<void(std::exception_ptr)> {
  template <class Handler, class Receiver>
  static void to(Handler& handler, Receiver& receiver) {
    std::exception_ptr error;
    if (receiver.error) [[unlikely]]
      error = exception_of(*receiver.error);
    std::move(handler)(std::move(error));
  }
};
template <class R>
struct deliver<void(Result<R>)> {
  template <class Handler, class Receiver>
  static void to(Handler& handler, Receiver& receiver) {
    // One call: GCC 12 mixes up the two states of the variant where each has a call of its own, and warns of
    // reads without initialisation in handlers that keep their Result.
    std::move(handler)(receiver.error ? Result<R>(*std::move(receiver.error))
                                      : Result<R>(std::move(receiver.value)));
  }
};

/// All that is left of an operation whose node is gone: calls its handler.
template <class Handler, class Signature, class Receiver>
class Completion {
 public:
  using allocator_type = typename handler_allocator<Handler>::type;

  Completion(Handler&& to, Receiver&& with, bool cancellable)
      : handler(std::move(to)), receiver_(std::move(with)), cancellable_(cancellable) {}

  [[nodiscard]] allocator_type get_allocator() const noexcept {
    return handler_allocator<Handler>::get(handler);
  }

  void operator()() {
    if (cancellable_) asio::get_associated_cancellation_slot(handler).clear();
    receiver_.settle();
    deliver<Signature>::to(handler, receiver_);
  }

  Handler handler;

 private:
  Receiver receiver_;
  bool cancellable_;
};

/// The handler of a cancellation slot: the operation's number and the place that has it, never its node,
/// which may be gone when the cancellation comes.
class CancelOperation {
 public:
  explicit CancelOperation(std::uint64_t id) noexcept : id_(id) {}

  void operator()(asio::cancellation_type_t type) const noexcept {
    using asio::cancellation_type;
    if (!place) return;  // it was refused, or ended inside the call that started it
    if ((type & (cancellation_type::terminal | cancellation_type::partial)) != cancellation_type::none) {
      place->cancel(id_, engine::Cancellation::terminal);
    } else if ((type & cancellation_type::total) != cancellation_type::none) {
      place->cancel(id_, engine::Cancellation::total);
    }
  }

  engine::OperationPlacePtr place{};

 private:
  std::uint64_t id_;
};

/// An operation under way, its handler, and what receives its replies: one allocation by the handler's
/// allocator.
template <class Handler, class Signature, class Receiver>
class HandlerNode final : public engine::OperationNode {
  using Done = Completion<Handler, Signature, Receiver>;
  using Allocator =
      typename std::allocator_traits<typename Done::allocator_type>::template rebind_alloc<HandlerNode>;
  using Traits = std::allocator_traits<Allocator>;
  using Seed = typename Receiver::Seed;

 public:
  /// Exception safety: when it throws, nothing was started; the handler is lost.
  template <class H>
  static HandlerNode& make(H&& handler, engine::AsyncChannelPtr&& channel, engine::OwnedRequest&& request,
                           Seed&& seed) {
    Allocator allocator(handler_allocator<Handler>::get(handler));
    HandlerNode* const memory = Traits::allocate(allocator, 1);
    try {
      return *::new (static_cast<void*>(memory))
          HandlerNode(std::forward<H>(handler), std::move(channel), std::move(request), std::move(seed));
    } catch (...) {
      Traits::deallocate(allocator, memory, 1);
      throw;
    }
  }

  /// Lets the handler's cancellation slot, if it is connected, cancel this operation.
  void connect_slot() {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    id = engine::next_operation_id();
    place = &slot.template emplace<CancelOperation>(id).place;
  }
  [[nodiscard]] engine::AsyncChannel& channel() const noexcept { return *channel_; }
  [[nodiscard]] Receiver& receiver() noexcept { return receiver_; }

  void accept(std::string_view frame, const engine::Origin& origin) noexcept override {
    if (request.traits.session != Session::none) [[unlikely]]
      channel_->state_changed(*this, frame);
    receiver_.accept(frame, origin, *this, !has_executor<Handler>);
  }
  void grant(std::shared_ptr<engine::AsyncChannel>&& lease) noexcept override {
    receiver_.grant(std::move(lease));
  }

  void finish(std::optional<Error> error, const asio::any_io_executor* handler_executor) override {
    if (error) [[unlikely]] {
      if constexpr (requires { receiver_.batch(); }) receiver_.reached(reached);
      receiver_.fail(*std::move(error));
    }
    Done done(std::move(handler_), std::move(receiver_), id != 0);
    if (handler_executor != nullptr && place_.is(*handler_executor, channel_->executor())) [[likely]] {
      release(done.handler);
      return done();
    }
    [[maybe_unused]] const HandlerPlace<Handler> at_work(std::move(place_));
    const auto executor = asio::get_associated_executor(done.handler, channel_->executor());
#if BOOST_ASIO_VERSION >= 102800
    if (handler_executor == nullptr && operation_in_start == this) {
      const auto immediate = asio::get_associated_immediate_executor(done.handler, channel_->executor());
      release(done.handler);
      return asio::dispatch(immediate, std::move(done));
    }
#endif
    release(done.handler);
    if (handler_executor != nullptr) {
      asio::dispatch(executor, std::move(done));
    } else {
      asio::post(executor, std::move(done));
    }
  }

  void destroy() noexcept override {
    const Handler handler(std::move(handler_));
    release(handler);
  }

 private:
  template <class H>
  HandlerNode(H&& handler, engine::AsyncChannelPtr&& channel, engine::OwnedRequest&& what, Seed&& seed)
      : OperationNode(std::move(what)),
        channel_(std::move(channel)),
        handler_(std::forward<H>(handler)),
        receiver_(std::move(seed)),
        place_(handler_, channel_->executor()) {
    if constexpr (requires { receiver_.batch(); }) batch = &receiver_.batch();
  }
  ~HandlerNode() = default;

  // The last that happens to this node.
  void release(const Handler& handler) noexcept {
    Allocator allocator(handler_allocator<Handler>::get(handler));
    this->~HandlerNode();
    Traits::deallocate(allocator, this, 1);
  }

  engine::AsyncChannelPtr channel_;
  Handler handler_;
  Receiver receiver_;
  [[no_unique_address]] HandlerPlace<Handler> place_;
};

}  // namespace redstart::inline v0::detail
