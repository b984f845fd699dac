// SPDX-License-Identifier: Apache-2.0
// traffic.cpp: the calls, and what each reply has to be.
#include "traffic.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace drill {
namespace {

namespace asio = boost::asio;
using redstart::Result;

// When the next call is due. A caller that falls behind does not catch up.
class Pace {
 public:
  explicit Pace(double per_second) : interval_(static_cast<std::int64_t>(1e9 / per_second)) {}
  Clock::time_point next() {
    due_ = std::max(due_ + interval_, Clock::now() - interval_);
    return due_;
  }

 private:
  std::chrono::nanoseconds interval_;
  Clock::time_point due_ = Clock::now();
};

// Notes how an operation ended; true when it succeeded.
template <class T>
bool note(Timeline& timeline, Caller caller, Clock::time_point called, const Result<T>& result) {
  timeline.ended(caller, called, result ? Fate::ok : fate_of(result.error()));
  return result.has_value();
}

void check(Book& book, bool is_own) {
  ++book.checked;
  book.wrong += is_own ? 0U : 1U;
}

// `key#generation#…`, long enough for a cut to fall into it.
std::string value(const Book& book, std::uint64_t generation) {
  std::string text = book.own + "#" + std::to_string(generation) + "#";
  text.resize(300, '.');
  return text;
}

// The generation of a value that this caller has sent, whole; else nothing.
std::optional<std::uint64_t> own_generation(const Book& book, std::string_view text) {
  std::uint64_t generation = 0;
  const std::size_t at = std::min(text.size(), book.own.size() + 1);
  std::from_chars(text.data() + at, text.data() + text.size(), generation);
  if (generation > book.generation || text != value(book, generation)) return std::nullopt;
  return generation;
}

std::string nonce(const Book& book, std::uint64_t turn) {
  return "echo:" + book.counter + ":" + std::to_string(turn);
}

void incremented(Book& book, const Result<std::int64_t>& result) {
  if (result) {
    const auto now = static_cast<std::uint64_t>(*result);
    ++book.acknowledged;
    check(book, now > book.last && now <= book.acknowledged + book.unknown);
    book.last = now;
  } else if (fate_of(result.error()) != Fate::not_sent) {
    ++book.unknown;
  }
}

template <class T>
void stored(Book& book, const Result<T>& result) {
  if (result) {
    book.stored = book.generation;
    ++book.sets;
  } else if (fate_of(result.error()) != Fate::not_sent) {
    book.unsure.insert(book.generation);
  }
}

// Only this caller writes this key, so a GET finds the value that was stored last, or one whose SET has no
// reply.
void received(Book& book, const Result<std::optional<std::string>>& result) {
  if (!result) return;
  std::uint64_t generation = 0;  // nothing
  if (*result) {
    const auto own = own_generation(book, **result);
    check(book, own.has_value());
    if (!own) return;
    generation = *own;
  }
  book.gone += generation == book.stored || book.unsure.contains(generation) ? 0U : 1U;
}

// One turn of a caller. `Results` is the synchronous or the asynchronous side: its calls read the same.
void thread_turn(Timeline& timeline, Book& book, const redstart::Results& db, std::uint64_t turn) {
  const auto called = Clock::now();
  switch (turn % 4) {
    case 0: {
      const auto echo = db.echo(nonce(book, turn));
      if (note(timeline, Caller::thread, called, echo)) check(book, *echo == nonce(book, turn));
      return;
    }
    case 1: {
      const auto set = db.set(book.own, value(book, ++book.generation));
      note(timeline, Caller::thread, called, set);
      return stored(book, set);
    }
    case 2: {
      const auto text = db.get(book.own);
      note(timeline, Caller::thread, called, text);
      return received(book, text);
    }
    default: {
      const auto count = db.incr(book.counter);
      note(timeline, Caller::thread, called, count);
      return incremented(book, count);
    }
  }
}

asio::awaitable<void> coroutine_turn(Timeline& timeline, Book& book, const redstart::AsyncResults& db,
                                     std::uint64_t turn) {
  const auto called = Clock::now();
  switch (turn % 4) {
    case 0: {
      const auto echo = co_await db.echo(nonce(book, turn));
      if (note(timeline, Caller::coroutine, called, echo)) check(book, *echo == nonce(book, turn));
      break;
    }
    case 1: {
      const auto set = co_await db.set(book.own, value(book, ++book.generation));
      note(timeline, Caller::coroutine, called, set);
      stored(book, set);
      break;
    }
    case 2: {
      const auto text = co_await db.get(book.own);
      note(timeline, Caller::coroutine, called, text);
      received(book, text);
      break;
    }
    default: {
      const auto count = co_await db.incr(book.counter);
      note(timeline, Caller::coroutine, called, count);
      incremented(book, count);
    }
  }
}

asio::awaitable<void> coroutine(std::atomic<bool>& stopping, Timeline& timeline, Book& book,
                                redstart::AsyncClient client, double rate, std::uint64_t turn) {
  const redstart::AsyncResults db = client.results();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  Pace pace(rate);
  for (; !stopping; ++turn) {
    timer.expires_at(pace.next());
    co_await timer.async_wait(asio::use_awaitable);
    co_await coroutine_turn(timeline, book, db, turn);
  }
}

}  // namespace

Traffic::Traffic(redstart::RedisConnectionManager& redis, Timeline& timeline, double rate) {
  const double each = rate / (threads + coroutines);
  // Each begins with a different command: all have the same pace, and a fault should hit every kind.
  for (std::size_t i = 0; i < threads + coroutines; ++i) {
    books_.push_back(std::make_unique<Book>());
    Book& book = *books_.back();
    book.counter = "drill:counter:" + std::to_string(i);
    book.own = "drill:own:" + std::to_string(i);
    if (i >= threads) {
      const redstart::AsyncClient client = redis.async_client("main");
      coroutines_.push_back(asio::co_spawn(
          client.get_executor(), coroutine(stopping_, timeline, book, client, each, i), asio::use_future));
      continue;
    }
    threads_.emplace_back([this, &timeline, &book, each, turn = i, client = redis.client("main")]() mutable {
      const redstart::Results db = client.results();
      Pace pace(each);
      for (; !stopping_; ++turn) {
        std::this_thread::sleep_until(pace.next());
        thread_turn(timeline, book, db, turn);
      }
    });
  }
}

void Traffic::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (auto& coroutine : coroutines_) coroutine.get();
  coroutines_.clear();
}

}  // namespace drill
