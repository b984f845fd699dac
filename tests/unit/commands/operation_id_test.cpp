// SPDX-License-Identifier: Apache-2.0
// operation_id_test.cpp: each command has a number of its own.
#include <redstart/commands/all.hpp>
#include <redstart/commands/session_state.hpp>

#include "commands/untyped.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

namespace redstart {
namespace {

// If a new row fails here, change the first number of the hash in operation_id().
TEST(OperationId, DiffersForEachCommand) {
  std::map<OperationId, std::string_view> names = {{OperationId::other, "_OTHER"},
                                                   {OperationId::pipeline, "PIPELINE"},
                                                   {OperationId::multi, "MULTI as a batch"}};
  const auto add = [&names](const CommandInfo& row) {
    const auto [at, is_new] = names.emplace(row.operation, row.name);
    EXPECT_TRUE(is_new) << row.name << " and " << at->second;
    EXPECT_EQ(operation_name(row.operation), row.name);
  };
  info::for_each(add);
  for (const CommandInfo& row : info::untyped) add(row);
  EXPECT_GT(names.size(), 300U);
}

TEST(OperationId, IsThatOfTheRowForCommandsByName) {
  EXPECT_EQ(lookup("get")->operation, operation_id("GET"));
  EXPECT_EQ(lookup("client", "setname")->operation, operation_id("CLIENT SETNAME"));
}

TEST(OperationId, IsOtherWithoutARow) {
  EXPECT_EQ(unknown_command().operation, OperationId::other);
  EXPECT_EQ(operation_name(OperationId::other), "_OTHER");
  EXPECT_EQ(operation_name(operation_id("NO.SUCH")), "_OTHER");
}

TEST(OperationId, NamesBatches) {
  EXPECT_EQ(operation_name(OperationId::pipeline), "PIPELINE");
  EXPECT_EQ(operation_name(OperationId::multi), "MULTI");
  EXPECT_TRUE(is_batch(OperationId::multi));
  EXPECT_FALSE(is_batch(operation_id("MULTI")));
}

}  // namespace
}  // namespace redstart
