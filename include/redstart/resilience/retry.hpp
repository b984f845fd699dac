// SPDX-License-Identifier: Apache-2.0
// retry.hpp: repeats a block of user code if that may help.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/core/result.hpp>
#include <redstart/resilience/random.hpp>
#include <redstart/resilience/retry_policy.hpp>

#include <chrono>
#include <optional>
#include <type_traits>

namespace redstart::inline v0 {

/// The clock, the sleep and the randomness of `retry`; tests replace it.
class RetryEnvironment {
 public:
  [[nodiscard]] static TimePoint now() noexcept { return std::chrono::steady_clock::now(); }
  static void sleep(std::chrono::milliseconds delay);
  [[nodiscard]] double random() noexcept {
    if (!random_) random_.emplace(random_seed());  // most blocks never need it
    return random_->unit();
  }

 private:
  std::optional<Random> random_{};
};

namespace detail {

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

}  // namespace detail

/// Like `retry`, with an environment of the caller: any type with the members of RetryEnvironment.
template <class Environment, class Block>
std::invoke_result_t<Block&> retry_in(Environment&& environment, const RetryPolicy& policy,
                                      TimePoint deadline, Block&& block) {
  RetrySeries series(policy, Retry::accumulating);
  const auto delay_after = [&](const Error& error) {
    return series.next(error.info(), environment.now(), deadline, environment.random(), nullptr);
  };
  for (;;) {
    std::optional<std::chrono::milliseconds> delay;
    try {
      if constexpr (detail::is_result<std::remove_cv_t<std::invoke_result_t<Block&>>>) {
        auto result = block();
        if (result) return result;
        delay = delay_after(result.error());
        if (!delay) return result;
      } else {
        return block();
      }
    } catch (const Error& error) {
      delay = delay_after(error);
      if (!delay) throw;
    }
    environment.sleep(*delay);  // after the error is destroyed
  }
}

/// Returns the result of `block`. If it throws an Error, or returns a Result that holds one, `retry` repeats
/// it according to the policy, before the deadline. The last error is passed on unchanged, other exceptions
/// at once.
///
///     auto stock = redstart::retry({.attempts = 5}, [&] { return db.decr("stock"); });
///
/// The whole block is repeated, including commands that succeeded before, so write it accordingly. A block
/// whose last command may have run (`Effect::indeterminate`) is repeated only with
/// `RetryMode::at_least_once`, because its other commands are unknown. Commands are also retried by their own
/// policy; the attempts multiply.
///
/// Sleeps on the calling thread between attempts. In handlers and coroutines use `async_retry`
/// (`redstart/client/async_retry.hpp`).
template <class Block>
std::invoke_result_t<Block&> retry(const RetryPolicy& policy, TimePoint deadline, Block&& block) {
  return retry_in(RetryEnvironment{}, policy, deadline, block);
}
template <class Block>
std::invoke_result_t<Block&> retry(const RetryPolicy& policy, Block&& block) {
  return retry_in(RetryEnvironment{}, policy, (TimePoint::max)(), block);
}

}  // namespace redstart::inline v0
