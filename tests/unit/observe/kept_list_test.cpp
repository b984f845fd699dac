// SPDX-License-Identifier: Apache-2.0
// kept_list_test.cpp: KeptList as lvalue and as temporary.
#include <redstart/observe/stats.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart {
namespace {

template <class List>
concept gives_elements = requires(List&& list) {
  std::forward<List>(list).front();
};
template <class List>
concept gives_iterators = requires(List&& list) {
  std::forward<List>(list).begin();
};

ManagerStats two_databases() {
  ManagerStats stats;
  stats.databases.resize(2);
  stats.databases[0].name = "first";
  stats.databases[1].name = "second";
  return stats;
}

TEST(KeptList, BehavesLikeVectorAsLvalue) {
  const ManagerStats stats = two_databases();
  EXPECT_EQ(stats.databases.size(), 2U);
  EXPECT_EQ(stats.databases.front().name, "first");
  EXPECT_EQ(stats.databases.back().name, "second");
  EXPECT_EQ(stats.databases[1].name, stats.databases.at(1).name);
  EXPECT_EQ(stats.databases.data(), &stats.databases.front());
  RedisStats operations;
  operations.last_errors = std::vector<LastError>(3);
  EXPECT_EQ(operations.last_errors.end() - operations.last_errors.begin(), 3);
}

TEST(KeptList, RefusesReferencesIntoTemporary) {
  using List = KeptList<DatabaseStats>;
  static_assert(gives_elements<List&> && gives_elements<const List&>);
  static_assert(!gives_elements<List> && !gives_elements<const List>);
  static_assert(gives_iterators<List&> && gives_iterators<const List&>);
  static_assert(!gives_iterators<List> && !gives_iterators<const List>);
}

TEST(KeptList, AllowsIterationOverTemporary) {
  std::string names;
  for (const DatabaseStats& database : two_databases().databases) names += database.name + ' ';
  EXPECT_EQ(names, "first second ");
}

}  // namespace
}  // namespace redstart
