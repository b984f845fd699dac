// SPDX-License-Identifier: Apache-2.0
// process.hpp: runs measurements in separate processes and selects their processors.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace redstart::bench {

namespace detail {

void run_forked(const std::function<void(void*)>& work, void* result, std::size_t size);

}  // namespace detail

/// Calls `work` in a forked process and returns its result. Memory, descriptors and heap of one measurement
/// do not affect the next. Errors: std::runtime_error if it fails or takes longer than two minutes.
/// Precondition: this process has one thread.
template <class F>
auto in_own_process(F work) {
  using Result = std::invoke_result_t<F&>;
  static_assert(std::is_trivially_copyable_v<Result>, "the result is sent through a pipe");
  Result result{};
  detail::run_forked([&work](void* to) { *static_cast<Result*>(to) = work(); }, &result, sizeof result);
  return result;
}

/// The result of a program.
struct ProgramRun {
  int exit_code = 0;
  std::string output{};  ///< Its standard output.
  double seconds = 0;
  double peak_megabytes = 0;  ///< 2^20 bytes, of the largest process among it and its children.
};
/// Runs a program to its end. Errors: std::runtime_error if it can't be started.
[[nodiscard]] ProgramRun run_program(const std::vector<std::string>& words);

/// The processors that the calling process may run on.
[[nodiscard]] std::vector<int> allowed_processors();
/// Pins every thread of a process (0: the calling one) to those processors.
void set_processors(pid_t process, const std::vector<int>& processors);

}  // namespace redstart::bench
