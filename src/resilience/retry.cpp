// SPDX-License-Identifier: Apache-2.0
// retry.cpp: the sleep between attempts, because <thread> is slow to compile.
#include <redstart/resilience/retry.hpp>

#include <thread>

namespace redstart::inline v0 {

void RetryEnvironment::sleep(std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); }

}  // namespace redstart::inline v0
