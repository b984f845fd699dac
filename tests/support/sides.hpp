// SPDX-License-Identifier: Apache-2.0
// sides.hpp: one interface to synchronous and asynchronous callers.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <redstart/redstart.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "managers.hpp"
#include "raw_redis.hpp"

namespace redstart::test {

/// How a command reaches the server.
enum class Side : std::uint8_t {
  direct,   ///< A synchronous call on a direct connection.
  shared,   ///< A synchronous call on a shared connection.
  futures,  ///< An asynchronous operation.
};
inline constexpr Side all_sides[] = {Side::direct, Side::shared, Side::futures};

[[nodiscard]] inline std::string_view to_string(Side side) noexcept {
  switch (side) {
    case Side::direct: return "a synchronous call on a connection of its own";
    case Side::shared: return "a synchronous call over a shared connection";
    case Side::futures: return "an asynchronous operation";
  }
  return "unknown";
}

/// Calls `body` for each side.
template <class Body>
void for_all_sides(Body body) {
  for (const Side side : all_sides) {
    SCOPED_TRACE(to_string(side));
    body(side);
  }
}

/// Returns a configuration that makes synchronous calls use this side, with a generous timeout.
[[nodiscard]] inline RedisConfig on_side(Side side, RedisConfig config) {
  config.defaults.direct_limit = side == Side::shared ? 0 : 10;
  config.defaults.timeouts.command = std::chrono::seconds(30);
  return config;
}

/// Runs commands on one side and waits for their results.
class Caller {
 public:
  Caller(RedisConnectionManager& redis, Side side) : redis_(&redis), side_(side) {}

  /// With a timeout above 5 s, calls use their own connection on each side.
  [[nodiscard]] Caller within(std::chrono::milliseconds time) const {
    Caller copy(*this);
    copy.timeout_ = time;
    return copy;
  }
  [[nodiscard]] Caller retrying(RetryMode mode) const {
    Caller copy(*this);
    copy.retry_ = mode;
    return copy;
  }

  /// Every failure is in the result, also a failure to get a handle.
  template <class T, class... A>
  [[nodiscard]] Result<T> command(const A&... words) const {
    try {
      if (side_ != Side::futures) {
        const Client client =
            timeout_ ? redis_->client("main").with_timeout(*timeout_) : redis_->client("main");
        return retry_ ? client.with_retry(*retry_).results().template command<T>(words...)
                      : client.results().template command<T>(words...);
      }
      const AsyncClient client =
          timeout_ ? redis_->async_client("main").with_timeout(*timeout_) : redis_->async_client("main");
      return retry_ ? client.with_retry(*retry_)
                          .results()
                          .template command<T>(words...)(boost::asio::use_future)
                          .get()
                    : client.results().template command<T>(words...)(boost::asio::use_future).get();
    } catch (const Error& error) {
      return error;
    }
  }
  /// Returns the error of a command. Fails the test if the command succeeds.
  template <class... A>
  [[nodiscard]] Error error_of(const A&... words) const {
    return test::error_of([&]() -> int {
      const Result<Value> result = command<Value>(words...);
      if (!result) throw result.error();
      return 0;
    });
  }

 private:
  RedisConnectionManager* redis_;
  Side side_;
  std::optional<std::chrono::milliseconds> timeout_{};
  std::optional<RetryMode> retry_{};
};

/// Returns a counter of the server for one command since its start or `CONFIG RESETSTAT`: `calls`,
/// `rejected_calls` or `failed_calls`.
[[nodiscard]] inline std::int64_t command_count(RawRedis& raw, const std::string& command,
                                                const std::string& field) {
  const std::string text = raw.text({"INFO", "commandstats"});
  const auto line = text.find("cmdstat_" + command + ":");
  if (line == std::string::npos) return 0;
  const std::string name = field + "=";
  for (auto at = text.find_first_of(":,", line); at < text.find('\r', line); at = text.find(',', at + 1)) {
    if (text.compare(at + 1, name.size(), name) == 0) return std::stoll(text.substr(at + 1 + name.size()));
  }
  return 0;
}

}  // namespace redstart::test
