// SPDX-License-Identifier: Apache-2.0
// housekeeper.hpp: a thread that does the same small work again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace redstart::manager {

/// Calls `work` every `interval` until it is stopped.
class Housekeeper {
 public:
  Housekeeper(std::chrono::milliseconds interval, std::function<void()> work);
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;
  /// Stops, and waits for work under way; not for its own, where `work` itself ends it.
  ~Housekeeper();

 private:
  // Shared with the thread, which may outlive the housekeeper.
  struct Signal {
    std::mutex mutex{};
    std::condition_variable wake{};
    bool stopping = false;
  };

  static void run(Signal& signal, std::chrono::milliseconds interval, const std::function<void()>& work);

  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::thread thread_;
};

}  // namespace redstart::manager
