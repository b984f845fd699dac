// SPDX-License-Identifier: Apache-2.0
// traffic.hpp: callers at a steady pace, each of whom knows which replies are its own.
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

/// What one caller knows for certain, and what not.
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
  std::uint64_t gone = 0;            ///< GETs that found neither what was stored nor what is unsure.
  std::uint64_t checked = 0;         ///< Replies that were held against what only this caller can get.
  std::uint64_t wrong = 0;           ///< Those that were somebody else's.
};

/// Threads with the synchronous client and coroutines with the asynchronous one, all together `rate`
/// operations a second: ECHO, SET, GET and INCR by turns. A call that fails is not made again: what the
/// library repeats by its defaults is all.
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
