// SPDX-License-Identifier: Apache-2.0
// error_of.hpp: the error that a call throws.
#pragma once

#include <gtest/gtest.h>

#include <redstart/core/error.hpp>

namespace redstart::test {

/// The error that `call` throws; fails the test when it throws none.
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

}  // namespace redstart::test
