// SPDX-License-Identifier: Apache-2.0
// scan_range_test.cpp: ranges over the steps of SCAN.
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <redstart/client/async_client.hpp>
#include <redstart/client/client.hpp>
#include <redstart/client/pipeline.hpp>
#include <redstart/client/results.hpp>
#include <redstart/client/scoped_client.hpp>
#include <redstart/commands/scan_range.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace redstart::test {
namespace {

using Page = ScanPage<std::vector<int>>;

// A handle whose steps are given. Counts how many were made.
struct ScannedHandle {
  std::vector<Page> pages{};
  int* steps = nullptr;
};

auto scan_of(const ScannedHandle& handle) {
  return detail::scan_range<int>(handle, [](const ScannedHandle& from, std::uint64_t cursor) {
    ++*from.steps;
    if (cursor >= from.pages.size()) throw std::runtime_error("the server is away");
    return from.pages[cursor];
  });
}
std::vector<int> all_of(const ScannedHandle& handle) {
  std::vector<int> elements;
  for (const int element : scan_of(handle)) elements.push_back(element);
  return elements;
}

TEST(ScanRange, VisitsTheElementsOfAllSteps) {
  int steps = 0;
  EXPECT_EQ(all_of({{{1, {1, 2}}, {2, {}}, {0, {3}}}, &steps}), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(steps, 3);
}

TEST(ScanRange, EndsAtAnEmptyLastStep) {
  int steps = 0;
  EXPECT_EQ(all_of({{{0, {}}}, &steps}), std::vector<int>{});
  EXPECT_EQ(all_of({{{1, {}}, {0, {}}}, &steps}), std::vector<int>{});
  EXPECT_EQ(all_of({{{1, {7}}, {0, {}}}, &steps}), std::vector<int>{7});
}

TEST(ScanRange, MakesNoStepAhead) {
  int steps = 0;
  const ScannedHandle handle{{{1, {1, 2}}, {0, {3}}}, &steps};
  auto range = scan_of(handle);
  EXPECT_EQ(steps, 0);
  auto at = range.begin();
  ++at;
  EXPECT_EQ(*at, 2);
  EXPECT_EQ(steps, 1);
  ++at;
  EXPECT_EQ(*at, 3);
  EXPECT_EQ(steps, 2);
  ++at;
  EXPECT_TRUE(at == range.end());
}

TEST(ScanRange, ThrowsTheErrorOfAStep) {
  int steps = 0;
  EXPECT_THROW(all_of({{}, &steps}), std::runtime_error);
  EXPECT_THROW(all_of({{{9, {1}}}, &steps}), std::runtime_error);
}

template <class Handle>
concept scans_as_range = requires(const Handle& handle) {
  handle.scan();
};
static_assert(scans_as_range<Client> && scans_as_range<ScopedClient>);
static_assert(!scans_as_range<Results> && !scans_as_range<Pipeline> && !scans_as_range<AsyncClient>,
              "these do not return the reply itself");
static_assert(std::input_iterator<decltype(std::declval<Client>().scan().begin())>);

}  // namespace
}  // namespace redstart::test
