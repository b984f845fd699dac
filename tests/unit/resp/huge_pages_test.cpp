// SPDX-License-Identifier: Apache-2.0
// huge_pages_test.cpp: large values cause few page faults.
#include <redstart/resp/decode.hpp>
#include <redstart/resp/detail/huge_pages.hpp>
#include <redstart/resp/string_receiver.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/sanitizers.hpp"

namespace redstart::test {
namespace {

constexpr std::size_t value_size = std::size_t{64} << 20;
constexpr long faults_with_small_pages = static_cast<long>(value_size / 4096);

class HugePages : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string modes;
    std::getline(file, modes);
    if (modes.empty() || modes.find("[never]") != std::string::npos) GTEST_SKIP() << "no huge pages here";
    if (with_address_sanitizer) GTEST_SKIP() << "shadow memory has page faults too";
    if (faults_of([] { touch_new_block(); }) > faults_with_small_pages / 4)
      GTEST_SKIP() << "no huge page is free here";
  }

  template <class F>
  static long faults_of(F work) {
    const auto faults = [] {
      rusage used{};
      ::getrusage(RUSAGE_SELF, &used);
      return used.ru_minflt;
    };
    const long before = faults();
    work();
    return faults() - before;
  }

  // The same advice without the library: shows whether this machine has huge pages to give.
  static void touch_new_block() {
    void* const block =
        ::mmap(nullptr, value_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(block, MAP_FAILED);
    static_cast<void>(::madvise(block, value_size, MADV_HUGEPAGE));
    std::memset(block, 1, value_size);
    ::munmap(block, value_size);
  }
};

TEST_F(HugePages, DecodesLargeStringWithFewPageFaults) {
  const std::string reply = "$" + std::to_string(value_size) + "\r\n" + std::string(value_size, 'x') + "\r\n";
  std::string text;
  resp::DecodeIssue issue;
  EXPECT_LT(faults_of([&] { EXPECT_TRUE(resp::decode_frame(reply, text, issue)); }),
            faults_with_small_pages / 4);
  EXPECT_EQ(text, std::string_view(reply).substr(reply.size() - 2 - value_size, value_size));
}

TEST_F(HugePages, DecodesLargeOptionalWithFewPageFaults) {
  const std::string reply = "$" + std::to_string(value_size) + "\r\n" + std::string(value_size, 'x') + "\r\n";
  std::optional<std::string> text;
  resp::DecodeIssue issue;
  EXPECT_LT(faults_of([&] { EXPECT_TRUE(resp::decode_frame(reply, text, issue)); }),
            faults_with_small_pages / 4);
  EXPECT_EQ(text.value(), std::string_view(reply).substr(reply.size() - 2 - value_size, value_size));
}

TEST_F(HugePages, ReceivesLargeStringWithFewPageFaults) {
  const std::string part(std::size_t{256} << 10, 'x');
  std::string text;
  EXPECT_LT(faults_of([&] {
              resp::StringReceiver receiver(value_size);
              while (!receiver.complete()) receiver.append(part);
              text = std::move(receiver).take();
            }),
            faults_with_small_pages / 4);
  EXPECT_EQ(text.size(), value_size);
}

TEST(HugePagesAdvice, AcceptsAnyBlock) {
  char small[10] = "unchanged";
  resp::detail::advise_huge_pages(small, sizeof small);
  resp::detail::advise_huge_pages(nullptr, 0);
  EXPECT_STREQ(small, "unchanged");
}

TEST(HugePagesAdvice, AssignReplacesTextWithAndWithoutRoom) {
  const std::string large(resp::detail::huge_pages_from, 'l');
  std::string text = "old";
  resp::detail::assign_large(text, large);
  EXPECT_EQ(text, large);
  text.assign(2 * large.size(), 'o');
  resp::detail::assign_large(text, large);
  EXPECT_EQ(text, large);
}

}  // namespace
}  // namespace redstart::test
