// SPDX-License-Identifier: Apache-2.0
// host_test.cpp: accepted hosts, and the faults of others.
#include "config/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace redstart::inline v0::detail {
namespace {

TEST(FaultOfHost, IsEmptyForNamesAndAddresses) {
  for (const std::string_view host : {"h", "a.b-c_d.example", "127.0.0.1", "::", "::1", "1:2:3:4:5:6:7:8",
                                      "::ffff:127.0.0.1", "fe80::1%eth0"})
    EXPECT_FALSE(fault_of_host(host).has_value()) << host;
}

TEST(FaultOfHost, NamesTheFaultWithoutRepeatingTheHost) {
  struct Row {
    std::string_view host, what;
  };
  constexpr Row rows[] = {
      {"", "is empty"},
      {"s3cret\n", "control character"},
      {"s3cret h", "space"},
      {"s3cr\xc3\xa9t", "non-ASCII"},
      {"redis://:s3cret@h", "scheme"},
      {"ann:s3cret@h", "/ ? # @"},
      {"s3cret/0", "/ ? # @"},
      {"[::1]", "brackets"},
      {"s3cret:6379", "port"},
      {"s3cret:a:b", "not an IPv6 address"},
      {"1:2:3:4:5:6:7:8:9", "not an IPv6 address"},
      {"db8:::7", "not an IPv6 address"},
      {"1::2::3", "not an IPv6 address"},
      {"12345::1", "not an IPv6 address"},
      {"::300.0.0.1", "not an IPv6 address"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.host);
    const auto fault = fault_of_host(row.host);
    ASSERT_TRUE(fault.has_value());
    EXPECT_THAT(std::string(fault->what), ::testing::HasSubstr(row.what));
    EXPECT_THAT(std::string(fault->what) + std::string(fault->remedy),
                ::testing::Not(::testing::HasSubstr("s3cr")));
    EXPECT_FALSE(fault->remedy.empty());
  }
}

}  // namespace
}  // namespace redstart::inline v0::detail
