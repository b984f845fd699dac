// SPDX-License-Identifier: Apache-2.0
// round.cpp: starts a thread for each probe, and waits for all.
#include "round.hpp"

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace redstart::inline v0::health {

namespace {

ProbeFacts failed_probe(std::string why) {
  ProbeFacts facts;
  facts.failure = std::move(why);
  return facts;
}

// The results of one round. Threads that outlast the round keep it alive.
class Round {
 public:
  explicit Round(std::size_t probes) : results_(probes), pending_(probes) {}

  void ended(std::size_t n, ProbeFacts facts) {
    const std::scoped_lock lock(mutex_);
    results_[n] = std::move(facts);
    if (--pending_ == 0) all_ended_.notify_all();
  }
  [[nodiscard]] std::vector<ProbeFacts> wait(TimePoint until) {
    std::unique_lock lock(mutex_);
    all_ended_.wait_until(lock, until, [this] { return pending_ == 0; });
    std::vector<ProbeFacts> facts;
    facts.reserve(results_.size());
    for (std::optional<ProbeFacts>& result : results_)
      facts.push_back(result ? *std::move(result) : failed_probe("the probe did not end within its budget"));
    return facts;
  }

 private:
  std::mutex mutex_{};
  std::condition_variable all_ended_{};
  std::vector<std::optional<ProbeFacts>> results_;
  std::size_t pending_;
};

void run_probe(Round& round, std::size_t n, const ProbeTask& task) noexcept {
  ProbeFacts facts;
  try {
    facts = probe(*task.server, task.key, task.deadline);
  } catch (const std::exception& error) {
    facts = failed_probe({});
    facts.failure = error.what();
  }
  task.busy->store(false);
  round.ended(n, std::move(facts));
}

void start_probe(const std::shared_ptr<Round>& round, std::size_t n, ProbeTask task) {
  if (task.busy->exchange(true)) return round->ended(n, failed_probe("the previous probe has not ended yet"));
  const auto busy = task.busy;
  try {
    std::thread([round, n, own = std::move(task)] { run_probe(*round, n, own); }).detach();
  } catch (const std::exception& error) {
    busy->store(false);
    round->ended(n, failed_probe("no thread for the probe: " + std::string(error.what())));
  }
}

}  // namespace

std::vector<ProbeFacts> probe_all(std::vector<ProbeTask> tasks, TimePoint until) {
  const auto round = std::make_shared<Round>(tasks.size());
  for (std::size_t n = 0; n != tasks.size(); ++n) start_probe(round, n, std::move(tasks[n]));
  return round->wait(until);
}

}  // namespace redstart::inline v0::health
