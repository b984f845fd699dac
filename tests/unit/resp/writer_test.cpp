// SPDX-License-Identifier: Apache-2.0
// writer_test.cpp: encoding of commands.
#include "resp/scanner.hpp"

#include <redstart/resp/decode.hpp>
#include <redstart/resp/writer.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace redstart::inline v0::resp {
namespace {

template <class... A>
std::string written(const A&... arguments) {
  Buffer buffer;
  Writer writer(buffer);
  writer.array(sizeof...(A));
  (writer.bulk(arguments), ...);
  return std::string(buffer.view());
}

TEST(Writer, PrefixesEveryArgumentWithItsLength) {
  EXPECT_EQ(written("GET", "k"), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_EQ(written(std::string("a\r\nb"), std::string_view("\0", 1), ""),
            std::string("*3\r\n$4\r\na\r\nb\r\n$1\r\n\0\r\n$0\r\n\r\n", 27));
}

TEST(Writer, WritesNumbers) {
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "*1\r\n$20\r\n-9223372036854775808\r\n");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "*1\r\n$20\r\n18446744073709551615\r\n");
  EXPECT_EQ(written(true, 'c', std::uint8_t{7}), "*3\r\n$1\r\n1\r\n$1\r\nc\r\n$1\r\n7\r\n");
  EXPECT_EQ(written(0.1, 1e300, -2.0), "*3\r\n$3\r\n0.1\r\n$6\r\n1e+300\r\n$2\r\n-2\r\n");
  EXPECT_EQ(written(std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()),
            "*2\r\n$3\r\ninf\r\n$4\r\n-inf\r\n");
  EXPECT_EQ(written(-2.2250738585072014e-308), "*1\r\n$24\r\n-2.2250738585072014e-308\r\n") << "the longest";
  EXPECT_EQ(written(0.1F), "*1\r\n$3\r\n0.1\r\n");
}

TEST(Writer, RoundTripsArgumentsOfEverySize) {
  std::vector<std::string> arguments;
  for (std::size_t size = 0; size != 300; ++size) arguments.emplace_back(size, '\n');
  for (const std::size_t size : {999U, 1000U, 9999U, 65536U, 1048576U}) arguments.emplace_back(size, '\r');
  Buffer buffer;
  Writer writer(buffer);
  writer.array(arguments.size());
  for (const std::string& argument : arguments) writer.bulk(argument);
  Scanner scanner;
  ASSERT_EQ(scanner.scan(buffer.view()), Scanner::Status::complete);
  EXPECT_EQ(scanner.position(), buffer.size());
  std::vector<std::string> back;
  DecodeIssue issue;
  ASSERT_TRUE(decode_frame(buffer.view(), back, issue));
  EXPECT_EQ(back, arguments);
}

TEST(Writer, DoesNotCopyLargeArguments) {
  const std::string large(1000, 'x');
  const std::string small(999, 'y');
  Buffer buffer;
  std::vector<External> externals;
  Writer writer(buffer, externals, 1000);
  writer.array(4);
  writer.bulk("SET");
  writer.bulk(large);
  writer.bulk(small);
  writer.bulk(large);
  ASSERT_EQ(externals.size(), 2U);
  EXPECT_EQ(externals[0].data, large.data());

  std::string sent;
  std::size_t from = 0;
  for (const External& external : externals) {
    sent += buffer.view().substr(from, external.offset - from);
    sent.append(external.data, external.size);
    from = external.offset;
  }
  sent += buffer.view().substr(from);
  EXPECT_EQ(sent, written("SET", large, small, large));
}

TEST(Writer, ThrowsForArgumentsAboveServerLimit) {
  // never read: the size alone is checked
  const std::string_view huge("x", Writer::max_bulk + 1);
  Buffer buffer;
  std::vector<External> externals;
  Writer writer(buffer);
  try {
    writer.bulk(huge);
    FAIL() << "no error";
  } catch (const std::length_error& error) {
    EXPECT_STREQ(error.what(),
                 "an argument of 536870913 bytes exceeds the limit of 512 MiB (Redis's proto-max-bulk-len)");
  }
  Writer external(buffer, externals, 100);
  EXPECT_THROW(external.bulk(huge), std::length_error);
  EXPECT_TRUE(buffer.empty());
  external.bulk(huge.substr(0, Writer::max_bulk));
  EXPECT_EQ(buffer.view(), "$536870912\r\n\r\n");
}

TEST(Writer, AppendsEncodedBytes) {
  Buffer buffer;
  Writer writer(buffer);
  writer.raw("*1\r\n");
  writer.raw("");
  writer.bulk("PING");
  EXPECT_EQ(buffer.view(), written("PING"));
}

}  // namespace
}  // namespace redstart::inline v0::resp
