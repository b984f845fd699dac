// SPDX-License-Identifier: Apache-2.0
// async_retry.hpp: repeats an asynchronous operation if that may help.
#pragma once

#include <redstart/client/operation.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>
#include <redstart/core/result.hpp>
#include <redstart/resilience/retry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace redstart::inline v0 {

namespace detail {

/// Returns an executor that outlives every manager: `executor`, or that of a thread which the library starts
/// when it is needed, if `executor` belongs to an I/O thread of a manager.
[[nodiscard]] boost::asio::any_io_executor lasting_executor(const boost::asio::any_io_executor& executor);
/// Makes sure that a thread runs `executor`, if that is up to the library.
void run_lasting_executor(const boost::asio::any_io_executor& executor) noexcept;

/// The signature of an operation.
template <class Op>
struct operation_signature;
template <class R, class Signature, class Receiver>
struct operation_signature<Operation<R, Signature, Receiver>> {
  using type = Signature;
};
template <class Factory>
using made_operation = std::invoke_result_t<Factory&>;
template <class Factory>
using made_signature = typename operation_signature<made_operation<Factory>>::type;

/// Returns the Error in a completion; empty if there is none.
[[nodiscard]] std::optional<Error> error_of_completion(const std::exception_ptr& error);

/// The value that accompanies an exception.
template <class R>
[[nodiscard]] R no_value() {
  if constexpr (std::is_default_constructible_v<R>) {
    return R{};
  } else {
    return R{engine::Replies{}};
  }
}

/// Completes a composed operation with an exception, in each signature that operations have.
template <class Signature>
struct complete_with;
template <class... R>
struct complete_with<void(std::exception_ptr, R...)> {
  template <class Self>
  static void exception(Self& self, std::exception_ptr error) {
    self.complete(std::move(error), no_value<R>()...);
  }
};
template <class T>
struct complete_with<void(Result<T>)> {
  template <class Self>
  static void exception(Self& self, const std::exception_ptr& error) {
    auto known = error_of_completion(error);
    self.complete(Result<T>(known ? *std::move(known) : engine::codec_error({}, "async_retry")));
  }
};

/// The data of one `async_retry`, from its start to its completion.
template <class Factory>
struct RetryRun {
  RetryRun(const RetryPolicy& policy, TimePoint end, Factory&& factory)
      : series(policy, Retry::accumulating), deadline(end), make(std::move(factory)), first(make()) {}

  RetrySeries series;
  TimePoint deadline;
  Factory make;
  RetryEnvironment environment{};
  std::optional<made_operation<Factory>> first;      ///< Until it is started.
  std::optional<Error> last{};                       ///< The error of the attempt before.
  std::optional<boost::asio::steady_timer> timer{};  ///< During a delay.
};

/// The steps of `async_retry`: attempt, delay, attempt, and so on.
template <class Factory>
class RetrySteps {
  using Complete = complete_with<made_signature<Factory>>;

 public:
  explicit RetrySteps(std::unique_ptr<RetryRun<Factory>>&& run) noexcept : run_(std::move(run)) {}

  // The start.
  template <class Self>
  void operator()(Self& self) {
    made_operation<Factory> first = *std::move(run_->first);
    run_->first.reset();
    run_lasting_executor(executor_of(self));
    attempt(self, std::move(first));
  }
  // The end of a delay.
  template <class Self>
  void operator()(Self& self, const boost::system::error_code& error) {
    run_->timer.reset();
    if (error || is_cancelled(self)) return end_cancelled(self);
    std::optional<made_operation<Factory>> next;
    try {
      next.emplace(run_->make());
    } catch (...) {
      return Complete::exception(self, std::current_exception());
    }
    attempt(self, *std::move(next));
  }
  // The end of an attempt.
  template <class Self, class... R>
  void operator()(Self& self, std::exception_ptr error, R... value) {
    if (!repeats(self, error_of_completion(error))) self.complete(std::move(error), std::move(value)...);
  }
  template <class Self, class T>
  void operator()(Self& self, Result<T> result) {
    if (!repeats(self, result ? std::nullopt : std::optional(result.error())))
      self.complete(std::move(result));
  }

 private:
  template <class Self>
  static bool is_cancelled(const Self& self) noexcept {
    return self.cancelled() != boost::asio::cancellation_type::none;
  }
  template <class Self>
  static boost::asio::any_io_executor executor_of(const Self& self) {
    using Executor = std::decay_t<decltype(self.get_executor())>;
    if constexpr (std::is_constructible_v<boost::asio::any_io_executor, Executor>) {
      return lasting_executor(self.get_executor());
    } else {
      return lasting_executor({});
    }
  }
  // No effect at all can be promised only as long as no attempt may have had one.
  template <class Self>
  void accept_cancellation(Self& self) {
    if (!run_->last || run_->last->effect() == Effect::not_sent)
      self.reset_cancellation_state(boost::asio::enable_total_cancellation());
    else
      self.reset_cancellation_state(boost::asio::enable_partial_cancellation());
  }
  template <class Self>
  void attempt(Self& self, made_operation<Factory>&& operation) {
    accept_cancellation(self);
    std::move(operation).start(std::move(self));
  }
  // Returns false if the outcome of the attempt is that of the whole. Else a delay has begun, or the whole
  // was cancelled.
  template <class Self>
  bool repeats(Self& self, std::optional<Error>&& error) {
    if (!error) return false;
    RetryRun<Factory>& run = *run_;
    const auto delay = run.series.next(error->info(), run.environment.now(), run.deadline,
                                       run.environment.random(), nullptr);
    if (!delay) return false;
    run.last = std::move(error);
    if (is_cancelled(self)) return end_cancelled(self), true;
    accept_cancellation(self);
    const boost::asio::any_io_executor executor = executor_of(self);
    run.timer.emplace(executor);
    run.timer->expires_after(*delay);
    run.timer->async_wait(std::move(self));
    run_lasting_executor(executor);
    return true;
  }
  template <class Self>
  void end_cancelled(Self& self) {
    ErrorInfo info = run_->last->info();
    info.code = Errc::cancelled;
    info.remedy = Remedy::none;
    info.what = "cancelled before the next attempt; the last one failed: " + info.what;
    info.advice = {};
    Complete::exception(self, std::make_exception_ptr(Error(std::move(info))));
  }

  std::unique_ptr<RetryRun<Factory>> run_;
};

}  // namespace detail

/// Starts the operation that `make` returns. If it fails with an Error, `async_retry` calls `make` again and
/// starts that operation, according to the policy, before the deadline. Completes as the last operation does.
///
///     redstart::async_retry({.attempts = 5}, [db] { return db.incr("visits"); },
///                           [](std::exception_ptr error, std::int64_t visits) { … });
///     auto visits = co_await redstart::async_retry(policy, [db] { return db.incr("visits"); },
///                                                  boost::asio::use_awaitable);
///
/// `make`: a function object without arguments that returns an operation of a handle, also of `results()` or
/// a pipeline. It is kept until the completion. It is called once inside this call, then on the handler's
/// executor. `token`: any completion token of Asio with the signature of the operation.
///
/// Repeats as `retry` does: an operation that may have run (`Effect::indeterminate`) only with
/// `RetryMode::at_least_once`. Commands are also retried by their own policy; the attempts multiply.
///
/// Completion: on the handler's executor. A handler without one runs on the service's executor, or on a
/// thread that the library starts for it. Waits between attempts on a timer and blocks no thread. If the
/// context of that executor is destroyed, the handler is destroyed without a call. Cancellation: as
/// `Operation`, also between attempts: `Errc::cancelled` with the effect of the last attempt. `total` is
/// ignored once an attempt may have run. Errors: the last one, unchanged. The first call of `make` may throw;
/// a later exception of `make` completes the operation. Cost: one allocation, and those of the operations.
template <class Factory,
          boost::asio::completion_token_for<detail::made_signature<std::decay_t<Factory>>> Token>
auto async_retry(const RetryPolicy& policy, TimePoint deadline, Factory&& make, Token&& token) {
  using Kept = std::decay_t<Factory>;
  auto run = std::make_unique<detail::RetryRun<Kept>>(policy, deadline, Kept(std::forward<Factory>(make)));
  const boost::asio::any_io_executor executor = detail::lasting_executor(run->first->get_executor());
  return boost::asio::async_compose<Token, detail::made_signature<Kept>>(
      detail::RetrySteps<Kept>(std::move(run)), token, executor);
}
template <class Factory,
          boost::asio::completion_token_for<detail::made_signature<std::decay_t<Factory>>> Token>
auto async_retry(const RetryPolicy& policy, Factory&& make, Token&& token) {
  return async_retry(policy, (TimePoint::max)(), std::forward<Factory>(make), std::forward<Token>(token));
}

}  // namespace redstart::inline v0
