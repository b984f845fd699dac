// SPDX-License-Identifier: Apache-2.0
// async_retry.cpp: chooses where the delays of async_retry pass, and reads its errors.
#include <redstart/client/async_retry.hpp>

#include "../net/io_threads.hpp"

namespace redstart::inline v0::detail {

boost::asio::any_io_executor lasting_executor(const boost::asio::any_io_executor& executor) {
  if (executor && !net::belongs_to_io_threads(executor)) return executor;
  return net::late_loop().default_executor();
}

void run_lasting_executor(const boost::asio::any_io_executor& executor) noexcept {
  if (net::IoThreads& threads = net::late_loop(); executor == threads.default_executor()) threads.flush();
}

std::optional<Error> error_of_completion(const std::exception_ptr& error) {
  if (!error) return std::nullopt;
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return known;
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace redstart::inline v0::detail
