// SPDX-License-Identifier: Apache-2.0
// retry.cpp: the sleep between attempts, away from the header because <thread> is heavy.
#include <redstart/resilience/retry.hpp>

#include <thread>

namespace redstart::inline v0 {

void RetryEnvironment::sleep(std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); }

}  // namespace redstart::inline v0
