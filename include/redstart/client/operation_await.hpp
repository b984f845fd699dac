// SPDX-License-Identifier: Apache-2.0
// operation_await.hpp: lets coroutines of Boost 1.81 await operations that complete with an exception.
#pragma once

#include <boost/asio/version.hpp>

#include <exception>
#include <utility>

namespace redstart::inline v0 {

template <class R, class Signature, class Receiver>
class Operation;

namespace detail {

template <class Signature, class Receiver>
class Initiation;

}  // namespace detail
}  // namespace redstart::inline v0

// Asio 1.26 (Boost 1.81) looks at the wrong member when it awaits `void(std::exception_ptr, T)`, which does
// not compile; 1.28 does not need this. Only what is ours is specialised.
#if BOOST_ASIO_VERSION < 102800

namespace boost::asio {

template <typename Signature, typename Initiation, typename... InitArgs>
class deferred_async_operation;

namespace detail {

template <typename Executor>
class awaitable_thread;
template <typename Executor>
class awaitable_frame_base;
template <typename Signature, typename Op, typename Executor>
class awaitable_async_op;

}  // namespace detail
}  // namespace boost::asio

namespace redstart::inline v0::detail {

/// Points to the arguments of the completion while the coroutine is resumed.
template <class R>
struct AwaitedOutcome {
  std::exception_ptr* error = nullptr;
  R* value = nullptr;
};

/// Resumes a coroutine with the outcome.
template <class R, class Executor>
class AwaitHandler : public boost::asio::detail::awaitable_thread<Executor> {
  using Thread = boost::asio::detail::awaitable_thread<Executor>;

 public:
  AwaitHandler(Thread* coroutine, AwaitedOutcome<R>& outcome) noexcept
      : Thread(std::move(*coroutine)), outcome_(&outcome) {}

  void operator()(std::exception_ptr&& error, R&& value) {
    outcome_->error = &error;
    outcome_->value = &value;
    this->launch();
  }

 private:
  AwaitedOutcome<R>* outcome_;
};

/// The awaiter that `co_await` makes of an operation. Not an aggregate and not copied: GCC 12 destroys such
/// awaiters wrongly.
template <class R, class Op, class Executor>
class OperationAwaiter {
  using Frame = boost::asio::detail::awaitable_frame_base<Executor>;

 public:
  OperationAwaiter(Op&& operation, Frame* frame) noexcept : operation_(std::move(operation)), frame_(frame) {}
  OperationAwaiter(const OperationAwaiter&) = delete;
  OperationAwaiter& operator=(const OperationAwaiter&) = delete;
  ~OperationAwaiter() = default;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Coroutine>
  void await_suspend(Coroutine) {
    // Started once the coroutine is suspended: it may be resumed on another thread before this returns.
    frame_->after_suspend(
        [](void* awaiter) {
          auto& self = *static_cast<OperationAwaiter*>(awaiter);
          AwaitHandler<R, Executor> handler(self.frame_->detach_thread(), self.outcome_);
          if constexpr (requires { std::move(self.operation_).start(std::move(handler)); }) {
            std::move(self.operation_).start(std::move(handler));
          } else {
            std::move(self.operation_)(std::move(handler));
          }
        },
        this);
  }
  R await_resume() {
    if (*outcome_.error) std::rethrow_exception(std::move(*outcome_.error));
    return std::move(*outcome_.value);
  }

 private:
  Op&& operation_;
  Frame* frame_;
  AwaitedOutcome<R> outcome_{};
};

}  // namespace redstart::inline v0::detail

namespace boost::asio::detail {

template <class R, class Receiver, class Executor>
class awaitable_async_op<void(std::exception_ptr, R),
                         redstart::Operation<R, void(std::exception_ptr, R), Receiver>, Executor>
    : public redstart::detail::OperationAwaiter<
          R, redstart::Operation<R, void(std::exception_ptr, R), Receiver>, Executor> {
  using redstart::detail::OperationAwaiter<R, redstart::Operation<R, void(std::exception_ptr, R), Receiver>,
                                           Executor>::OperationAwaiter;
};

template <class R, class Receiver, class... Args, class Executor>
class awaitable_async_op<
    void(std::exception_ptr, R),
    deferred_async_operation<void(std::exception_ptr, R),
                             redstart::detail::Initiation<void(std::exception_ptr, R), Receiver>, Args...>,
    Executor>
    : public redstart::detail::OperationAwaiter<
          R,
          deferred_async_operation<void(std::exception_ptr, R),
                                   redstart::detail::Initiation<void(std::exception_ptr, R), Receiver>,
                                   Args...>,
          Executor> {
  using redstart::detail::OperationAwaiter<
      R,
      deferred_async_operation<void(std::exception_ptr, R),
                               redstart::detail::Initiation<void(std::exception_ptr, R), Receiver>, Args...>,
      Executor>::OperationAwaiter;
};

}  // namespace boost::asio::detail

#endif
