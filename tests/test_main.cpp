// SPDX-License-Identifier: Apache-2.0
// test_main.cpp: runs the tests; exits with 77, which ctest shows as skipped, when every one of them was
// skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <redstart/testing/fake_server.hpp>

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  redstart::testing::on_failure([](const std::string& text) { ADD_FAILURE() << text; });
  const int result = RUN_ALL_TESTS();
  const auto& run = *testing::UnitTest::GetInstance();
  const bool all_skipped =
      run.skipped_test_count() > 0 && run.skipped_test_count() == run.test_to_run_count();
  return result == 0 && all_skipped ? 77 : result;
}
