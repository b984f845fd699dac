// SPDX-License-Identifier: Apache-2.0
// housekeeper.hpp: a thread that does the same small work again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace redstart::manager {

/// Calls `work` every `interval` until it is stopped.
class Housekeeper {
 public:
  Housekeeper(std::chrono::milliseconds interval, std::function<void()> work);
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;
  /// Stops; waits for work under way.
  ~Housekeeper();

 private:
  void run(std::chrono::milliseconds interval, const std::function<void()>& work);

  std::mutex mutex_{};
  std::condition_variable wake_{};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace redstart::manager
