// SPDX-License-Identifier: Apache-2.0
// result_test.cpp: access to the value or error of Result.
#include <redstart/core/result.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace redstart {
namespace {

Error error_of(Errc code) {
  ErrorInfo info;
  info.code = code;
  info.what = "it failed";
  return Error(std::move(info));
}

TEST(Result, ReturnsItsValue) {
  Result<std::string> result(std::string("text"));
  EXPECT_TRUE(result.has_value());
  EXPECT_TRUE(result);
  EXPECT_EQ(result.value(), "text");
  EXPECT_EQ(*result, "text");
  EXPECT_EQ(result->size(), 4U);
  result->append("s");
  EXPECT_EQ(std::as_const(result).value(), "texts");
  EXPECT_EQ(std::as_const(result).value_or("other"), "texts");
}

TEST(Result, ThrowsErrorWithItsOwnType) {
  EXPECT_THROW(static_cast<void>(Result<int>(error_of(Errc::timeout)).value()), Timeout);
  EXPECT_THROW(static_cast<void>(Result<int>(error_of(Errc::connect_refused)).value()), Unavailable);
  const Result<int> refused(error_of(Errc::server_error));
  EXPECT_THROW(static_cast<void>(refused.value()), ServerError);
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::server_error);
  EXPECT_EQ(refused.value_or(7), 7);
}

TEST(Result, MovesOutMoveOnlyValue) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
  Result<std::unique_ptr<int>> other(std::make_unique<int>(6));
  EXPECT_EQ(**std::move(other), 6);
  EXPECT_EQ(*Result<std::unique_ptr<int>>(std::make_unique<int>(7)).value_or(nullptr), 7);
  EXPECT_EQ(Result<std::unique_ptr<int>>(error_of(Errc::closed)).value_or(nullptr), nullptr);
}

}  // namespace
}  // namespace redstart
