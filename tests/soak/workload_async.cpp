// SPDX-License-Identifier: Apache-2.0
// workload_async.cpp: coroutines with sequential operations, and callbacks at a rate.
#include "workload.hpp"
#include "workload_operations.hpp"

#include <redstart/redstart.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <queue>

namespace redstart::soak {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Runs one operation after the other.
asio::awaitable<void> coroutine(Run& run, AsyncClient client, std::size_t index, double rate) {
  Source source{.random = std::mt19937(static_cast<std::uint32_t>(run.options().seed + 2000 + index)),
                .caller = async_caller(index),
                .list = static_cast<std::uint16_t>(first_coroutine_list + index),
                .most_on_wire = most_on_wire(index),
                .twice_allowed = index == patient_coroutine,
                .own = index == patient_coroutine ? nullptr : &run.keys[sync_callers + index]};
  if (source.twice_allowed) client = client.with_retry(RetryMode::at_least_once);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  Pace pace(rate);
  while (!run.stopping() && !run.ledger.full()) {
    timer.expires_at(pace.next());
    co_await timer.async_wait(asio::use_awaitable);
    const AsyncResults results = client.with_timeout(Run::usual_limit).results();
    AnyOperation operation = next_operation(run, source);
    // std::visit does not work here: a coroutine can't wait inside a lambda.
    if (const auto* echo = std::get_if<Echo>(&operation)) {
      const PendingCall pending = Run::begin(source.caller, echo->kind);
      echo->classify(run, pending, co_await echo->submit(results));
    } else if (const auto* read = std::get_if<Read>(&operation)) {
      const PendingCall pending = Run::begin(source.caller, read->kind);
      read->classify(run, pending, co_await read->submit(results));
    } else if (const auto* write = std::get_if<Write>(&operation)) {
      const PendingCall pending = Run::begin(source.caller, write->kind);
      write->classify(run, pending, co_await write->submit(results));
    } else if (const auto* push = std::get_if<Push>(&operation)) {
      const PendingCall pending = Run::begin(source.caller, push->kind);
      push->classify(run, pending, co_await push->submit(results));
    } else if (const auto* script = std::get_if<Script>(&operation)) {
      const PendingCall pending = Run::begin(source.caller, script->kind);
      script->classify(run, pending, co_await script->submit(results));
    } else if (const auto* count = std::get_if<Count>(&operation)) {
      const PendingCall pending = Run::begin(source.caller, count->kind);
      count->classify(run, pending, co_await count->submit(results));
    }
  }
}

// Issues due operations every 2 ms, however many are pending. Lives on one loop; its handlers run there or on
// the library's thread.
class Issuer {
 public:
  Issuer(Run& run, AsyncClient client, asio::io_context& loop, std::size_t index, double rate)
      : run_(run),
        client_(std::move(client)),
        loop_(loop),
        timer_(loop),
        on_library_thread_(index % 2 == 1),
        source_{.random = std::mt19937(static_cast<std::uint32_t>(run.options().seed + 3000 + index)),
                .caller = async_caller(index),
                .list = static_cast<std::uint16_t>(first_issuer_list + index),
                .most_on_wire = most_on_wire(index),
                .serial = false},
        pace_(rate),
        due_(pace_.next()) {
    tick();
  }

 private:
  static constexpr std::int64_t most_pending_calls = 20'000;

  void tick() {
    if (run_.stopping() || run_.ledger.full()) return cancel_due(Clock::time_point::max());
    const auto now = Clock::now();
    for (; due_ <= now; due_ = pace_.next()) {
      if (run_.pending_calls < most_pending_calls)
        issue();
      else
        ++run_.skipped;
    }
    cancel_due(now);
    timer_.expires_after(2ms);
    timer_.async_wait([this](const boost::system::error_code&) { tick(); });
  }

  void issue() {
    const std::uint32_t dice = source_.below(20);
    const bool hurried = dice == 0;
    const bool cancelled = dice == 1 && !on_library_thread_;
    const std::chrono::milliseconds limit =
        hurried ? std::chrono::milliseconds(1 + source_.below(20)) : Run::usual_limit;
    AnyOperation operation = next_operation(run_, source_);
    std::visit(
        [&](auto& op) {
          const Kind kind = hurried ? Kind::hurried : cancelled ? Kind::cancelled : op.kind;
          auto started = op.submit(client_.with_timeout(limit).results());
          const PendingCall pending = Run::begin(source_.caller, kind, limit);
          ++run_.pending_calls;
          // the signal must outlive its operation
          const auto signal = cancelled ? std::make_shared<asio::cancellation_signal>() : nullptr;
          auto handler = [&run = run_, op = std::move(op), pending, signal](auto reply) {
            op.classify(run, pending, reply);
            --run.pending_calls;
          };
          if (on_library_thread_) {
            std::move(started)(std::move(handler));
          } else if (cancelled) {
            cancellations_.push({Clock::now() + std::chrono::milliseconds(source_.below(8)), signal});
            std::move(started)(
                asio::bind_cancellation_slot(signal->slot(), asio::bind_executor(loop_, std::move(handler))));
          } else {
            std::move(started)(asio::bind_executor(loop_, std::move(handler)));
          }
        },
        operation);
  }

  void cancel_due(Clock::time_point now) {
    while (!cancellations_.empty() && cancellations_.front().due <= now) {
      cancellations_.front().signal->emit(asio::cancellation_type::terminal);
      cancellations_.pop();
    }
  }

  struct Cancellation {
    Clock::time_point due;
    std::shared_ptr<asio::cancellation_signal> signal;
  };

  Run& run_;
  AsyncClient client_;
  asio::io_context& loop_;
  asio::steady_timer timer_;
  bool on_library_thread_;
  Source source_;
  Pace pace_;
  Clock::time_point due_;
  std::queue<Cancellation> cancellations_{};
};

class AsyncGroup final : public Group {
 public:
  AsyncGroup(Run& run, RedisConnectionManager& redis, double rate) : run_(run) {
    for (std::size_t i = 0; i < coroutines; ++i)
      asio::co_spawn(
          loop_,
          coroutine(run, redis.async_client(database_of(i)), i, rate / 3 / static_cast<double>(coroutines)),
          [](const std::exception_ptr& error) {
            if (error) std::rethrow_exception(error);
          });
    for (std::size_t i = 0; i < issuers; ++i)
      issuers_.push_back(std::make_unique<Issuer>(run, redis.async_client(database_of(i)), loop_, i,
                                                  rate * 2 / 3 / static_cast<double>(issuers)));
    thread_ = std::jthread([this] { loop_.run(); });
  }

  // The loop ends when no operation is pending, because each counts as its work. Operations that the
  // library's own thread completes do not count.
  void join() override {
    const auto until = Clock::now() + 30s;
    while (run_.pending_calls != 0 && Clock::now() < until) std::this_thread::sleep_for(1ms);
    if (run_.pending_calls != 0) {
      run_.violations.add("I1", std::to_string(run_.pending_calls) + " operations never completed");
      loop_.stop();
    }
    thread_.join();
  }

 private:
  Run& run_;
  asio::io_context loop_{1};
  std::vector<std::unique_ptr<Issuer>> issuers_{};
  std::jthread thread_{};
};

}  // namespace

std::unique_ptr<Group> async_workload(Run& run, RedisConnectionManager& redis, double rate) {
  return std::make_unique<AsyncGroup>(run, redis, rate);
}

}  // namespace redstart::soak
