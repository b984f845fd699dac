// SPDX-License-Identifier: Apache-2.0
// workload_checked.cpp: coroutines behind a proxy that loses, repeats and corrupts replies.
// Their database has `integrity` on.
#include "workload.hpp"
#include "workload_operations.hpp"

#include <redstart/redstart.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace redstart::soak {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The proxy inverts bytes, and no client can detect a change within a text: at most one byte may differ. A
// reply of another caller differs in many.
void judge_spoilt(Run& run, const PendingCall& pending, const std::string& nonce,
                  const Result<std::string>& reply) {
  if (run.end(pending, reply) != Outcome::ok) return;
  std::size_t different = reply->size() == nonce.size() ? 0 : 2;
  for (std::size_t i = 0; different < 2 && i < nonce.size(); ++i)
    different += (*reply)[i] != nonce[i] ? 1U : 0U;
  if (different > 1) return run.wrong_reply(pending, nonce, *reply);
  ++run.verified;
}

asio::awaitable<void> checked_coroutine(Run& run, AsyncClient client, std::size_t index, double rate) {
  Source source{.random = std::mt19937(static_cast<std::uint32_t>(run.options().seed + 8000 + index)),
                .caller = Caller::checked,
                .list = static_cast<std::uint16_t>(first_checked_list + index),
                .most_on_wire = most_on_wire(0)};
  asio::steady_timer timer(co_await asio::this_coro::executor);
  Pace pace(rate);
  while (!run.stopping() && !run.ledger.full()) {
    timer.expires_at(pace.next());
    co_await timer.async_wait(asio::use_awaitable);
    const AsyncResults results = client.with_timeout(Run::usual_limit).results();
    const std::uint32_t dice = source.below(3);
    if (dice == 0) {
      const std::string nonce =
          "checked:" + std::to_string(source.random()) + std::to_string(source.random());
      const PendingCall pending = Run::begin(source.caller, Kind::echo);
      judge_spoilt(run, pending, nonce, co_await results.echo(nonce));
    } else if (dice == 1) {
      const Push push{
          source.list,
          run.ledger.issue({.list = source.list, .most_on_wire = source.most_on_wire, .in_order = true})};
      const PendingCall pending = Run::begin(source.caller, push.kind);
      push.classify(run, pending, co_await push.submit(results));
    } else {
      const Count count{&run.counters[source.below(static_cast<std::uint32_t>(run.counters.size()))]};
      const PendingCall pending = Run::begin(source.caller, count.kind);
      count.classify(run, pending, co_await count.submit(results));
    }
  }
}

class CheckedGroup final : public Group {
 public:
  CheckedGroup(Run& run, RedisConnectionManager& redis, double rate) {
    for (std::size_t i = 0; i < checked_callers; ++i)
      asio::co_spawn(loop_,
                     checked_coroutine(run, redis.async_client(checked_database), i,
                                       rate / static_cast<double>(checked_callers)),
                     [](const std::exception_ptr& error) {
                       if (error) std::rethrow_exception(error);
                     });
    thread_ = std::jthread([this] { loop_.run(); });
  }
  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  asio::io_context loop_{1};
  std::jthread thread_{};
};

}  // namespace

std::unique_ptr<Group> checked_workload(Run& run, RedisConnectionManager& redis, double rate) {
  return std::make_unique<CheckedGroup>(run, redis, rate);
}

}  // namespace redstart::soak
