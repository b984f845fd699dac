// SPDX-License-Identifier: Apache-2.0
// io_threads.cpp: starting, running and ending the library's own threads.
#include "io_threads.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <pthread.h>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace redstart::inline v0::net {

namespace asio = boost::asio;

namespace {

// One thread runs it.
class Context : public asio::io_context {
 public:
  Context() : asio::io_context(1) {}
  // Destroys whatever waits. What it holds may hold the context in turn, so its own destruction may never
  // come.
  void drop_all() { execution_context::shutdown(); }
};

struct Slot {
  Context context{};
  asio::any_io_executor executor = context.get_executor();
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{};
  std::thread thread{};
  bool running = false;     // from before its start until it will never look into the context again
  bool again = false;       // it shall look once more before it ends
  bool dropped = false;     // its services are shut down: what is posted to it still runs, but nothing waits
  bool drops_late = false;  // it was told to drop everything, and does so itself when it comes to that
};

// Which loop the calling thread runs.
struct Current {
  const void* shared = nullptr;
  std::size_t index = 0;
};
thread_local Current current;

void name_thread(std::size_t index) noexcept {
  // At most 15 characters; a failure costs nothing but the name.
  const std::string name = "redstart-io-" + std::to_string(index);
  static_cast<void>(::pthread_setname_np(::pthread_self(), name.c_str()));
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

// Outlives the object where threads go on by themselves: the last of them frees it.
struct IoThreads::Shared {
  explicit Shared(std::size_t count, std::function<void(std::string_view)> told)
      : slots(count), on_failure(std::move(told)) {}

  // Both: under the lock.
  void ensure_running(const std::shared_ptr<Shared>& self, std::size_t index);
  [[nodiscard]] bool ended() const noexcept {
    for (const Slot& slot : slots) {
      if (slot.running) return false;
    }
    return true;
  }
  // Waits for those that have ended already, leaves the others to themselves.
  void let_go() noexcept {
    for (Slot& slot : slots) {
      if (!slot.thread.joinable()) continue;
      if (slot.running)
        slot.thread.detach();
      else
        slot.thread.join();
    }
  }

  std::mutex mutex{};
  std::condition_variable one_ended{};
  std::deque<Slot> slots;  // contexts can't be moved
  std::function<void(std::string_view)> on_failure;
  std::size_t turn = 0;
  bool stopped = false;
  std::atomic<bool> leaving{false};  // what is posted from now on may be dropped
};

void IoThreads::Shared::ensure_running(const std::shared_ptr<Shared>& self, std::size_t index) {
  Slot& slot = slots[index];
  if (slot.running) {
    slot.again = true;
    return;
  }
  if (slot.thread.joinable()) slot.thread.join();  // it has ended
  if (!stopped && !slot.work) slot.work.emplace(slot.context.get_executor());
  slot.context.restart();
  slot.running = true;
  try {
    slot.thread = std::thread([self, index] { run(self, index); });
  } catch (...) {
    slot.running = false;
    throw;
  }
  if (stopped) slot.thread.detach();
}

IoThreads::IoThreads(std::size_t count, std::function<void(std::string_view)> on_failure)
    : shared_(std::make_shared<Shared>(count, std::move(on_failure))) {}

IoThreads::~IoThreads() {
  if (forked(generation_))
    leave_to_parent(shared_);
  else
    stop(TimePoint{}, Rest::run);
}

Loop IoThreads::next() {
  Shared& shared = *shared_;
  const std::scoped_lock lock(shared.mutex);
  const std::size_t index = on_this_thread() ? current.index : shared.turn++ % shared.slots.size();
  shared.ensure_running(shared_, index);  // also after the end: what ends behind it needs a loop
  const asio::any_io_executor& executor = shared.slots[index].executor;
  return {executor, executor, index};
}

const asio::any_io_executor& IoThreads::default_executor() const noexcept {
  return forked(generation_) || shared_->leaving.load(std::memory_order_acquire)
             ? late_loop().default_executor()
             : shared_->slots.front().executor;
}

std::size_t IoThreads::width() const noexcept { return shared_->slots.size(); }

bool IoThreads::on_this_thread() const noexcept {
  return current.shared == shared_.get() && !forked(generation_);
}

void IoThreads::flush() noexcept {
  if (forked(generation_)) return late_loop().flush();
  // Who posts may have asked for the executor before.
  if (shared_->leaving.load(std::memory_order_acquire)) late_loop().flush();
  const std::scoped_lock lock(shared_->mutex);
  try {
    shared_->ensure_running(shared_, 0);
  } catch (const std::exception&) {
    // No thread to be had: what was posted waits for the next who comes.
  }
}

void IoThreads::start() {
  const std::scoped_lock lock(shared_->mutex);
  shared_->ensure_running(shared_, 0);
}

void IoThreads::stop(TimePoint last, Rest rest) noexcept {
  if (forked(generation_)) return;
  using namespace std::chrono_literals;
  constexpr auto grace = 100ms;  // for a thread that is told to drop everything
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  shared.stopped = true;
  // Nobody can keep the contexts busy for ever by what is refused.
  if (rest == Rest::drop) shared.leaving.store(true, std::memory_order_release);
  for (Slot& slot : shared.slots) slot.work.reset();
  const auto ended = [&] { return shared.ended(); };
  if (!on_this_thread() && !shared.one_ended.wait_until(lock, last, ended) && rest == Rest::drop) {
    for (Slot& slot : shared.slots) {
      slot.again = false;
      slot.context.stop();
    }
    shared.one_ended.wait_for(lock, grace, ended);
    for (std::size_t index = 0; index < shared.slots.size(); ++index) {
      Slot& slot = shared.slots[index];
      slot.drops_late = slot.running;
      if (!slot.running) drop(shared_, index, lock);
    }
  }
  shared.let_go();
}

// Preconditions: `lock` is held, and is again in the end; no thread runs the slot.
void IoThreads::drop(const std::shared_ptr<Shared>& shared, std::size_t index,
                     std::unique_lock<std::mutex>& lock) noexcept {
  Slot& slot = shared->slots[index];
  slot.running = true;  // so that nobody starts a thread in the middle
  lock.unlock();
  slot.context.drop_all();
  lock.lock();
  slot.running = false;
  slot.dropped = true;
  if (!std::exchange(slot.again, false)) return;
  try {
    shared->ensure_running(shared, index);
  } catch (const std::exception&) {
    // No thread to be had: what was posted waits for the next who comes.
  }
}

void IoThreads::run(const std::shared_ptr<Shared>& shared, std::size_t index) {
  const EngineThreadMark mark;
  current = {shared.get(), index};
  name_thread(index);
  Slot& slot = shared->slots[index];
  for (;;) {
    try {
      if (slot.dropped)
        slot.context.poll();
      else
        slot.context.run();
    } catch (...) {
      // There is nobody to whom it could be thrown. The stack is gone, so the text is all that is left.
      if (shared->on_failure) shared->on_failure(describe_current_exception());
      std::terminate();
    }
    std::unique_lock lock(shared->mutex);
    if (slot.drops_late && !slot.again) {
      slot.drops_late = false;
      lock.unlock();
      slot.context.drop_all();
      lock.lock();
      slot.dropped = true;
    }
    if (!std::exchange(slot.again, false)) {
      slot.running = false;
      shared->one_ended.notify_all();
      return;
    }
    slot.context.restart();
  }
}

IoThreads& late_loop() noexcept {
  struct OfProcess {
    std::uint32_t generation = fork_generation();
    IoThreads threads{1, {}};
    OfProcess* parents = nullptr;  // never destroyed, but known to leak checkers
  };
  static std::atomic<OfProcess*> current_one{nullptr};
  OfProcess* one = current_one.load(std::memory_order_acquire);
  if (one != nullptr && !forked(one->generation)) return one->threads;
  auto mine = std::make_unique<OfProcess>();
  mine->parents = one;
  mine->threads.stop(TimePoint{}, IoThreads::Rest::run);
  if (current_one.compare_exchange_strong(one, mine.get(), std::memory_order_acq_rel)) one = mine.release();
  return one->threads;
}

}  // namespace redstart::inline v0::net
