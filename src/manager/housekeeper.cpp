// SPDX-License-Identifier: Apache-2.0
// housekeeper.cpp: waiting, working, ending.
#include "housekeeper.hpp"

#include <utility>

namespace redstart::manager {

Housekeeper::Housekeeper(std::chrono::milliseconds interval, std::function<void()> work)
    : thread_([this, interval, work = std::move(work)] { run(interval, work); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Housekeeper::run(std::chrono::milliseconds interval, const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  auto due = std::chrono::steady_clock::now() + interval;
  while (!wake_.wait_until(lock, due, [this] { return stopping_; })) {
    lock.unlock();
    work();
    lock.lock();
    due = std::chrono::steady_clock::now() + interval;
  }
}

}  // namespace redstart::manager
