// SPDX-License-Identifier: Apache-2.0
// housekeeper.cpp: waiting, working, ending.
#include "housekeeper.hpp"

#include <utility>

namespace redstart::manager {

Housekeeper::Housekeeper(std::chrono::milliseconds interval, std::function<void()> work)
    : thread_([signal = signal_, interval, work = std::move(work)] { run(*signal, interval, work); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::scoped_lock lock(signal_->mutex);
    signal_->stopping = true;
  }
  signal_->wake.notify_one();
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void Housekeeper::run(Signal& signal, std::chrono::milliseconds interval, const std::function<void()>& work) {
  std::unique_lock lock(signal.mutex);
  auto due = std::chrono::steady_clock::now() + interval;
  while (!signal.wake.wait_until(lock, due, [&signal] { return signal.stopping; })) {
    lock.unlock();
    work();
    lock.lock();
    due = std::chrono::steady_clock::now() + interval;
  }
}

}  // namespace redstart::manager
