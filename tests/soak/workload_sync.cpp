// SPDX-License-Identifier: Apache-2.0
// workload_sync.cpp: threads that call over direct and shared connections.
#include "workload.hpp"
#include "workload_operations.hpp"

#include <array>

namespace redstart::soak {
namespace {

// Three appends and an echo in one exchange.
void pipelined(Run& run, Source& source, const Client& client) {
  constexpr std::size_t appends = 3;
  std::array<Push, appends> pushes{};
  std::array<Slot<std::int64_t>, appends> slots{};
  auto pipe = client.with_timeout(Run::usual_limit).pipeline();
  const Echo echo{"nonce:" + std::to_string(source.random())};
  const PendingCall pending = Run::begin(source.caller, Kind::rpush);
  for (std::size_t i = 0; i < appends; ++i) {
    pushes[i] = {source.list, run.ledger.issue(source.terms(source.list))};
    slots[i] = pipe.rpush("oplog:" + std::to_string(source.list), marked(pushes[i].number));
  }
  const auto echo_slot = pipe.echo(echo.nonce);
  const auto replies = pipe.execute();
  for (std::size_t i = 0; i < appends; ++i) pushes[i].classify(run, pending, replies[slots[i]]);
  echo.classify(run, pending, replies[echo_slot]);
}

class SyncGroup final : public Group {
 public:
  SyncGroup(Run& run, RedisConnectionManager& redis, double rate) {
    for (std::size_t i = 0; i < sync_callers; ++i) {
      Client client = redis.client(database_of(i));
      if (i == patient_sync_caller) client = client.with_retry(RetryMode::at_least_once);
      threads_.emplace_back([&run, i, rate, client = std::move(client)] {
        call(run, i, rate / static_cast<double>(sync_callers), client);
      });
    }
  }
  void join() override { threads_.clear(); }

 private:
  static void call(Run& run, std::size_t index, double rate, const Client& client) {
    Source source{.random = std::mt19937(static_cast<std::uint32_t>(run.options().seed + 1000 + index)),
                  .caller = sync_caller(index),
                  .list = static_cast<std::uint16_t>(first_sync_list + index),
                  .most_on_wire = most_on_wire(index),
                  .twice_allowed = index == patient_sync_caller,
                  .own = index == patient_sync_caller ? nullptr : &run.keys[index]};
    Pace pace(rate);
    while (!run.stopping() && !run.ledger.full()) {
      sleep_until(run, pace.next());
      if (source.below(20) == 0) {
        pipelined(run, source, client);
        for (int i = 0; i < 3; ++i) static_cast<void>(pace.next());
        continue;
      }
      const bool hurried = source.below(20) == 0;
      const std::chrono::milliseconds limit =
          hurried ? std::chrono::milliseconds(1 + source.below(20)) : Run::usual_limit;
      AnyOperation operation = next_operation(run, source);
      std::visit(
          [&](const auto& op) {
            const PendingCall pending = Run::begin(source.caller, hurried ? Kind::hurried : op.kind, limit);
            op.classify(run, pending, op.submit(client.with_timeout(limit).results()));
          },
          operation);
    }
  }

  std::vector<std::jthread> threads_{};
};

}  // namespace

std::unique_ptr<Group> sync_workload(Run& run, RedisConnectionManager& redis, double rate) {
  return std::make_unique<SyncGroup>(run, redis, rate);
}

}  // namespace redstart::soak
