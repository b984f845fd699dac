// SPDX-License-Identifier: Apache-2.0
// run.hpp: common state of one soak run, and the check of each completed operation.
#pragma once

#include "checker/calm.hpp"
#include "checker/generations.hpp"
#include "checker/ledger.hpp"
#include "checker/plan.hpp"
#include "checker/recorder.hpp"
#include "checker/recovery.hpp"
#include "checker/violations.hpp"
#include "lag.hpp"

#include <redstart/core/error.hpp>
#include <redstart/core/result.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace redstart::soak {

using Clock = std::chrono::steady_clock;

enum class Kind : std::uint8_t {
  echo,
  get,
  set,
  rpush,
  script,
  incr,
  transaction,
  blpop,
  hurried,
  cancelled
};
inline constexpr std::size_t kinds = 10;

[[nodiscard]] constexpr std::string_view to_string(Kind kind) noexcept {
  constexpr std::array<std::string_view, kinds> names{"ECHO", "GET",  "SET",   "RPUSH",      "EVAL",
                                                      "INCR", "EXEC", "BLPOP", "in a hurry", "cancelled"};
  return names[static_cast<std::size_t>(kind)];
}

struct Options {
  unsigned seconds = 60;
  std::uint32_t seed = 1;
  double faults_per_minute = 20;
  unsigned rate = 3000;  ///< Operations a second, all callers together.
  bool verbose = false;
  std::string only{};  ///< Only faults whose name contains this.
  std::string json{};
};

/// An operation that has begun and not completed.
struct PendingCall {
  Clock::time_point began{};
  std::chrono::milliseconds limit{0};
  Caller caller = Caller::sync;
  Kind kind = Kind::echo;
};

/// A counter of the server and what the callers know of it.
struct Counter {
  std::string key{};
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> unknown{0};
};

/// Thread safety: full.
class Run {
 public:
  static constexpr std::chrono::milliseconds usual_limit{1000};

  Run(const Options& options, std::string secret, std::size_t ledger_size)
      : ledger(ledger_size), recorder(secret), secret_(std::move(secret)), options_(options) {
    terms.seed = options.seed;
    terms.duration = std::chrono::seconds(options.seconds);
    terms.faults_per_minute = options.faults_per_minute;
  }

  [[nodiscard]] static PendingCall begin(Caller caller, Kind kind,
                                         std::chrono::milliseconds limit = usual_limit) {
    return {Clock::now(), limit, caller, kind};
  }

  /// Checks when and how an operation ended, counts it, and returns its outcome.
  template <class T>
  Outcome end(const PendingCall& pending, const Result<T>& result) {
    return end(pending, result ? nullptr : &result.error());
  }
  Outcome end(const PendingCall& pending, const Error* error);

  /// A reply that belongs to another caller. Writes down the last bytes of the connection and ends the run.
  void wrong_reply(const PendingCall& pending, std::string_view expected, std::string_view received);
  /// I17: `text` must not contain the password.
  void scan(std::string_view where, std::string_view text);

  void start() { started_ = Clock::now(); }
  [[nodiscard]] std::chrono::milliseconds age(Clock::time_point now = Clock::now()) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - started_);
  }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] bool stopping() const noexcept { return stop.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t completed() const noexcept;
  [[nodiscard]] std::uint64_t completed(Outcome outcome) const noexcept;
  [[nodiscard]] std::uint64_t completed(Kind kind, Outcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(outcome)].load(
        std::memory_order_relaxed);
  }

  Ledger ledger;
  Recorder recorder;
  Violations violations{};
  Lag lag{};
  Recovery recovery{[this](Clock::time_point from, Clock::time_point to) { return lag.worst(from, to); }};
  PlanTerms terms{};
  Calm calm{};
  std::deque<Generations> keys{};
  std::deque<Counter> counters{};
  std::atomic<std::int64_t> pending_calls{0};  ///< Asynchronous operations not completed yet.
  std::atomic<std::uint64_t> skipped{0};       ///< Not issued: too many are pending.
  std::atomic<std::uint64_t> verified{0};      ///< Replies that carried their proof.
  std::atomic<bool> stop{false};

 private:
  [[nodiscard]] std::string write_bytes(std::string_view request, std::string_view reply);

  std::string secret_;
  std::atomic<bool> wrote_bytes_{false};
  Options options_;
  Clock::time_point started_{};
  std::array<std::array<std::atomic<std::uint64_t>, outcomes>, kinds> counts_{};
};

}  // namespace redstart::soak
