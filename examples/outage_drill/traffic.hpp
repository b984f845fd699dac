// SPDX-License-Identifier: Apache-2.0
// traffic.hpp: callers at a steady pace that recognise their own replies.
#pragma once

#include "timeline.hpp"

#include <redstart/redstart.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace drill {

/// The facts that one caller knows for certain, and those that it doesn't.
struct Book {
  std::string counter{};             ///< A key that this caller alone increments.
  std::string own{};                 ///< A key that this caller alone sets.
  std::uint64_t acknowledged = 0;    ///< Increments that the server has confirmed.
  std::uint64_t unknown = 0;         ///< Increments that may have happened, or may yet.
  std::uint64_t last = 0;            ///< The counter's value in the last confirmation.
  std::uint64_t generation = 0;      ///< Of the value sent last.
  std::uint64_t stored = 0;          ///< Of the value whose SET was confirmed last; 0: none was.
  std::set<std::uint64_t> unsure{};  ///< Of those whose SET may have happened, or may yet, over a newer one.
  std::uint64_t sets = 0;            ///< SETs that the server has confirmed.
  std::uint64_t gone = 0;            ///< GETs that found neither a stored nor an unsure value.
  std::uint64_t checked = 0;         ///< Replies that were compared with what only this caller can get.
  std::uint64_t wrong = 0;           ///< Those that belonged to another caller.
};

/// Threads with the synchronous client and coroutines with the asynchronous one, all together `rate`
/// operations per second: ECHO, SET, GET and INCR in turn. The callers don't repeat a call that fails; only
/// the library retries, by its defaults.
class Traffic {
 public:
  Traffic(redstart::RedisConnectionManager& redis, Timeline& timeline, double rate);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic() { stop(); }

  /// Returns when the last call has ended.
  void stop();
  /// After stop() only.
  [[nodiscard]] const std::vector<std::unique_ptr<Book>>& books() const noexcept { return books_; }

  static constexpr std::size_t threads = 4;
  static constexpr std::size_t coroutines = 16;

 private:
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Book>> books_{};
  std::vector<std::thread> threads_{};
  std::vector<std::future<void>> coroutines_{};
};

}  // namespace drill
