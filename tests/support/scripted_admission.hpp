// SPDX-License-Identifier: Apache-2.0
// scripted_admission.hpp: an admission policy that a test scripts.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/admission.hpp"

namespace redstart::test {

/// Admits everything with a common ticket, or as many operations as there are places, each as a probe.
/// Records verdicts, and checks that each probe ends exactly once.
class ScriptedAdmission final : public protocol::Admission {
 public:
  using Delay = std::optional<std::chrono::milliseconds>;

  bool passes = true;    ///< Admits all operations with one ticket.
  bool waiting = false;  ///< Refused operations wait.
  int places = 0;        ///< Probes that may start, if `passes` is false.
  std::function<Delay(Node&, std::string_view message)> refused{};  ///< Empty: no retries.
  std::function<Delay(Node&, const protocol::Outcome&, bool reached)> lost{};
  std::vector<BreakerVerdict> verdicts{};        ///< Of all tickets that were ended.
  std::vector<BreakerVerdict> probe_verdicts{};  ///< Of the tickets of probes.
  std::vector<bool> reached{};                   ///< As `retry_lost` was called.
  std::size_t answers = 0;
  std::size_t errors = 0;
  std::size_t reports = 0;
  std::chrono::nanoseconds latency{0};  ///< Of the last report.
  struct Successes {
    OperationId command;
    std::size_t operations;
    std::chrono::nanoseconds duration;
    friend bool operator==(const Successes&, const Successes&) = default;
  };
  std::vector<Successes> successes{};
  struct ErrorReply {
    OperationId command;
    std::string message;
    std::chrono::nanoseconds duration;
    friend bool operator==(const ErrorReply&, const ErrorReply&) = default;
  };
  std::vector<ErrorReply> error_replies{};
  std::size_t endings = 0;
  std::size_t failures = 0;

  /// Probes that have not ended.
  [[nodiscard]] std::size_t open_probes() const noexcept { return open_.size(); }
  [[nodiscard]] std::size_t failed_tickets() const noexcept {
    std::size_t count = 0;
    for (const BreakerVerdict verdict : verdicts) count += verdict == BreakerVerdict::failure ? 1U : 0U;
    return count;
  }

  std::uint64_t common_ticket() const noexcept override { return passes ? 1 : 0; }
  bool admit(Node& operation, TimePoint) override {
    if (places == 0) return false;
    if (operation.request.replies == 0) return true;  // has no command, so it is no probe
    --places;
    operation.ticket = next_probe_ += 2;
    open_.insert(operation.ticket);
    return true;
  }
  bool waits() const noexcept override { return waiting; }
  void end_ticket(Node& operation, BreakerVerdict verdict, TimePoint, std::string_view) override {
    const std::uint64_t ticket = std::exchange(operation.ticket, 0);
    if (ticket == 0) return;
    verdicts.push_back(verdict);
    if (!is_probe(ticket)) return;
    EXPECT_EQ(open_.erase(ticket), 1U) << "a probe has ended twice";
    probe_verdicts.push_back(verdict);
  }
  Delay retry_refused(Node& operation, std::string_view message, TimePoint now) override {
    const Delay delay = refused ? refused(operation, message) : std::nullopt;
    if (!delay) return delay;
    end_ticket(operation, BreakerVerdict::success, now, message);
    ++operation.attempts;
    return delay;
  }
  Delay retry_lost(Node& operation, const protocol::Outcome& outcome, bool sent) override {
    reached.push_back(sent);
    const Delay delay = lost ? lost(operation, outcome, sent) : std::nullopt;
    if (delay) ++operation.attempts;
    return delay;
  }
  void answered(std::size_t commands, std::size_t failed, std::chrono::nanoseconds took) override {
    answers += commands;
    errors += failed;
    latency = took;
    ++reports;
  }
  void succeeded(OperationId command, std::size_t operations,
                 std::chrono::nanoseconds took) noexcept override {
    successes.push_back({command, operations, took});
  }
  void error_reply(const Node& operation, std::string_view message, TimePoint now) noexcept override {
    error_replies.push_back(
        {operation.request.traits.operation, std::string(message), now - operation.start});
  }
  void ending(const Node&) noexcept override { ++endings; }
  Error failed(const Node& operation, const protocol::Outcome& outcome) override {
    ++failures;
    ErrorInfo info = outcome.info(operation.start);
    if (operation.uncertain) info.effect = Effect::indeterminate;
    return Error(std::move(info));
  }
  const engine::Origin& origin() const noexcept override { return origin_; }

 private:
  std::set<std::uint64_t> open_{};
  std::uint64_t next_probe_ = 0;
  engine::Origin origin_{"test", "nowhere"};
};

}  // namespace redstart::test
