// SPDX-License-Identifier: Apache-2.0
// retry.hpp: runs a block of the caller's again while that may help.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/core/result.hpp>
#include <redstart/resilience/random.hpp>
#include <redstart/resilience/retry_policy.hpp>

#include <chrono>
#include <optional>
#include <type_traits>

namespace redstart::inline v0 {

/// The clock, the sleep and the randomness of `retry`; tests bring their own.
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

/// `retry` with a clock, a sleep and randomness of the caller's: anything that has the members of
/// RetryEnvironment.
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
    environment.sleep(*delay);  // with the error gone
  }
}

/// What `block` returns; where it throws an Error, or returns a Result that holds one, it is run again, as
/// the policy says and before the deadline. The last error comes out as it is; other exceptions pass at once.
///
///     auto stock = redstart::retry({.attempts = 5}, [&] { return db.decr("stock"); });
///
/// The whole block runs again, with all in it that had succeeded before: write it so that this is right. What
/// it consists of is not known here, so a block whose last command may have run (`Effect::indeterminate`) is
/// only repeated with `RetryMode::at_least_once`. Commands repeat by their own policy as well; the attempts
/// multiply.
///
/// Sleeps on the calling thread between attempts: not for handlers and coroutines on engine threads.
template <class Block>
std::invoke_result_t<Block&> retry(const RetryPolicy& policy, TimePoint deadline, Block&& block) {
  return retry_in(RetryEnvironment{}, policy, deadline, block);
}
template <class Block>
std::invoke_result_t<Block&> retry(const RetryPolicy& policy, Block&& block) {
  return retry_in(RetryEnvironment{}, policy, (TimePoint::max)(), block);
}

}  // namespace redstart::inline v0
