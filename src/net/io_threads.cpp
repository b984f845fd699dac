// SPDX-License-Identifier: Apache-2.0
// io_threads.cpp: starts, runs and ends the I/O threads.
#include "io_threads.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <pthread.h>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace redstart::inline v0::net {

namespace asio = boost::asio;

namespace {

// Marks the contexts of I/O threads.
class OwnContext final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id{};
  explicit OwnContext(asio::execution_context& context) : service(context) {}

 private:
  void shutdown() override {}
};

// An `io_context` for one thread whose pending work can be dropped.
class Context : public asio::io_context {
 public:
  Context() : asio::io_context(1) { asio::make_service<OwnContext>(*this); }
  // Destroys all pending work. Such work may hold a reference to the context, so that the destructor would
  // never run.
  void drop_all() { execution_context::shutdown(); }
};

// One I/O thread with its context.
struct Worker {
  Context context{};
  asio::any_io_executor executor = context.get_executor();
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{};
  std::thread thread{};
  bool running = false;     // from before the thread's start until it has left the context for good
  bool run_again = false;   // the thread must run the context once more before it ends
  bool dropped = false;     // services are shut down: posted handlers still run, timers and sockets don't
  bool drops_late = false;  // `stop` timed out: the thread drops its work itself when its handler returns
};

// The loop that the calling thread runs.
struct Current {
  const void* state = nullptr;
  std::size_t index = 0;
};
thread_local Current current;

void name_thread(std::size_t index) noexcept {
  // At most 15 characters. A failure only loses the name.
  const std::string name = "redstart-io-" + std::to_string(index);
  static_cast<void>(::pthread_setname_np(::pthread_self(), name.c_str()));
}

// Stops the context once the handlers that are queued now have run: those of operations that have ended.
// Later ones could go on without end.
void stop_behind_queue(Worker& worker) noexcept {
  try {
    asio::post(worker.context, [&worker] { worker.context.stop(); });
  } catch (const std::bad_alloc&) {
    worker.context.stop();
  }
}

std::string describe_current_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

// Owned by the object and its threads, because threads may outlive the object.
struct IoThreads::State {
  explicit State(std::size_t count, std::function<void(std::string_view)> on_error)
      : workers(count), on_failure(std::move(on_error)) {}

  // Preconditions of both: the lock is held.
  void ensure_running(const std::shared_ptr<State>& self, std::size_t index);
  [[nodiscard]] bool ended() const noexcept {
    for (const Worker& worker : workers) {
      if (worker.running) return false;
    }
    return true;
  }
  // Joins the threads that have ended and detaches the others.
  void join_or_detach() noexcept {
    for (Worker& worker : workers) {
      if (!worker.thread.joinable()) continue;
      if (worker.running)
        worker.thread.detach();
      else
        worker.thread.join();
    }
  }

  std::mutex mutex{};
  std::condition_variable one_ended{};
  std::deque<Worker> workers;  // contexts can't be moved
  std::function<void(std::string_view)> on_failure;
  std::size_t next_worker = 0;
  bool stopped = false;
  std::atomic<bool> leaving{false};  // work that is posted from now on may be dropped
};

void IoThreads::State::ensure_running(const std::shared_ptr<State>& self, std::size_t index) {
  Worker& worker = workers[index];
  if (worker.running) {
    worker.run_again = true;
    return;
  }
  if (worker.thread.joinable()) worker.thread.join();  // it has ended
  if (!stopped && !worker.work) worker.work.emplace(worker.context.get_executor());
  worker.context.restart();
  worker.running = true;
  try {
    worker.thread = std::thread([self, index] { run(self, index); });
  } catch (...) {
    worker.running = false;
    throw;
  }
  if (stopped) worker.thread.detach();
}

IoThreads::IoThreads(std::size_t count, std::function<void(std::string_view)> on_failure)
    : state_(std::make_shared<State>(count, std::move(on_failure))) {}

IoThreads::~IoThreads() {
  if (forked(generation_))
    leave_to_parent(state_);
  else
    stop(TimePoint{}, Remaining::run);
}

Loop IoThreads::next() {
  State& state = *state_;
  const std::scoped_lock lock(state.mutex);
  const std::size_t index = on_this_thread() ? current.index : state.next_worker++ % state.workers.size();
  state.ensure_running(state_, index);  // also after `stop`: connections that end later need a loop
  const asio::any_io_executor& executor = state.workers[index].executor;
  return {executor, executor, index};
}

const asio::any_io_executor& IoThreads::default_executor() const noexcept {
  return forked(generation_) || state_->leaving.load(std::memory_order_acquire)
             ? late_loop().default_executor()
             : state_->workers.front().executor;
}

std::size_t IoThreads::width() const noexcept { return state_->workers.size(); }

bool IoThreads::on_this_thread() const noexcept {
  return current.state == state_.get() && !forked(generation_);
}

void IoThreads::flush() noexcept {
  if (forked(generation_)) return late_loop().flush();
  // The caller may have got the executor before `leaving` was set.
  if (state_->leaving.load(std::memory_order_acquire)) late_loop().flush();
  const std::scoped_lock lock(state_->mutex);
  try {
    state_->ensure_running(state_, 0);
  } catch (const std::exception&) {
    // No thread can be started. The posted work waits for the next call.
  }
}

void IoThreads::start() {
  const std::scoped_lock lock(state_->mutex);
  state_->ensure_running(state_, 0);
}

void IoThreads::stop(TimePoint last, Remaining remaining) noexcept {
  if (forked(generation_)) return;
  using namespace std::chrono_literals;
  constexpr auto grace = 100ms;  // for threads to leave their current handler
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.stopped = true;
  // From now on, completions of refused operations go to the late loop, so that they can't keep the contexts
  // busy.
  if (remaining == Remaining::drop) state.leaving.store(true, std::memory_order_release);
  for (Worker& worker : state.workers) worker.work.reset();
  const auto ended = [&] { return state.ended(); };
  if (!on_this_thread() && !state.one_ended.wait_until(lock, last, ended) && remaining == Remaining::drop) {
    for (Worker& worker : state.workers) {
      worker.run_again = false;
      stop_behind_queue(worker);
    }
    state.one_ended.wait_for(lock, grace, ended);
    for (std::size_t index = 0; index < state.workers.size(); ++index) {
      Worker& worker = state.workers[index];
      worker.drops_late = worker.running;
      if (!worker.running) drop(state_, index, lock);
    }
  }
  state.join_or_detach();
}

// Drops the work of a worker, without `lock` during the drop. Preconditions: `lock` is held; the thread has
// ended.
void IoThreads::drop(const std::shared_ptr<State>& state, std::size_t index,
                     std::unique_lock<std::mutex>& lock) noexcept {
  Worker& worker = state->workers[index];
  worker.running = true;  // prevents the start of a thread during the drop
  lock.unlock();
  worker.context.drop_all();
  lock.lock();
  worker.running = false;
  worker.dropped = true;
  if (!std::exchange(worker.run_again, false)) return;
  try {
    state->ensure_running(state, index);
  } catch (const std::exception&) {
    // No thread can be started. The posted work waits for the next call.
  }
}

void IoThreads::run(const std::shared_ptr<State>& state, std::size_t index) {
  const LoopThreadMark mark;
  current = {state.get(), index};
  name_thread(index);
  Worker& worker = state->workers[index];
  for (;;) {
    try {
      if (worker.dropped)
        worker.context.poll();
      else
        worker.context.run();
    } catch (...) {
      // No caller can catch it. Report its text, because the stack is gone when the process is terminated.
      if (state->on_failure) state->on_failure(describe_current_exception());
      std::terminate();
    }
    std::unique_lock lock(state->mutex);
    if (worker.drops_late && !worker.run_again) {
      worker.drops_late = false;
      lock.unlock();
      worker.context.drop_all();
      lock.lock();
      worker.dropped = true;
    }
    if (!std::exchange(worker.run_again, false)) {
      worker.running = false;
      state->one_ended.notify_all();
      return;
    }
    worker.context.restart();
  }
}

bool belongs_to_io_threads(const asio::any_io_executor& executor) {
  return asio::has_service<OwnContext>(asio::query(executor, asio::execution::context));
}

IoThreads& late_loop() noexcept {
  struct OfProcess {
    std::uint32_t generation = fork_generation();
    IoThreads threads{1, {}};
    OfProcess* parents = nullptr;  // never destroyed; reachable, so that leak checkers don't report it
  };
  static std::atomic<OfProcess*> current_one{nullptr};
  OfProcess* one = current_one.load(std::memory_order_acquire);
  if (one != nullptr && !forked(one->generation)) return one->threads;
  auto mine = std::make_unique<OfProcess>();
  mine->parents = one;
  mine->threads.stop(TimePoint{}, IoThreads::Remaining::run);
  if (current_one.compare_exchange_strong(one, mine.get(), std::memory_order_acq_rel)) one = mine.release();
  return one->threads;
}

}  // namespace redstart::inline v0::net
