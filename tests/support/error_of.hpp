// SPDX-License-Identifier: Apache-2.0
// error_of.hpp: the error that a call throws.
#pragma once

#include <gtest/gtest.h>

#include <redstart/core/error.hpp>

#include <future>

namespace redstart::test {

/// Returns the error that `call` throws. Fails the test if it throws none.
template <class Call>
[[nodiscard]] Error error_of(Call call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error(ErrorInfo{});
}

/// The error that `future` gets instead of a value.
template <class T>
[[nodiscard]] Error error_of_future(std::future<T> future) {
  return error_of([&] { return future.get(); });
}

}  // namespace redstart::test
