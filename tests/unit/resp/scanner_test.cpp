// SPDX-License-Identifier: Apache-2.0
// scanner_test.cpp: results, limits and cost of the scanner.

#include "resp/scanner.hpp"
#include "support/heap_watch.hpp"
#include "support/small_stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::resp {
namespace {

namespace test = redstart::test;
using Status = Scanner::Status;

std::string repeated(std::string_view unit, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i != count; ++i) text += unit;
  return text;
}

Fault fault_of(std::string_view bytes, const Limits& limits = {}) {
  Scanner scanner(limits);
  Status status = scanner.scan(bytes);
  while (status == Status::complete && scanner.position() != bytes.size()) status = scanner.scan(bytes);
  return scanner.fault();
}

TEST(Scanner, ReportsTypeAndExtentOfEachReply) {
  const std::string_view bytes = "+OK\r\n:12\r\n|1\r\n+a\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n>1\r\n+x\r\n";
  Scanner scanner;
  EXPECT_EQ(scanner.scan(bytes), Status::complete);
  EXPECT_EQ(scanner.type(), Type::simple);
  EXPECT_EQ(scanner.position(), 5U);
  EXPECT_EQ(scanner.scan(bytes), Status::complete);
  EXPECT_EQ(scanner.type(), Type::integer);
  EXPECT_EQ(scanner.begin(), 5U);
  EXPECT_EQ(scanner.scan(bytes), Status::complete);
  EXPECT_EQ(scanner.type(), Type::array) << "the type is not that of the attributes";
  EXPECT_EQ(scanner.begin(), 10U);
  EXPECT_EQ(scanner.scan(bytes), Status::complete);
  EXPECT_EQ(scanner.type(), Type::push);
  EXPECT_EQ(scanner.position(), bytes.size());
  EXPECT_EQ(scanner.scan(bytes), Status::incomplete);
}

TEST(Scanner, StaysFaultedUntilReset) {
  Scanner scanner;
  EXPECT_EQ(scanner.scan("+OK\r\n@"), Status::complete);
  EXPECT_EQ(scanner.scan("+OK\r\n@"), Status::fault);
  EXPECT_EQ(scanner.fault(), Fault::type_byte);
  EXPECT_EQ(scanner.fault_offset(), 5U);
  EXPECT_EQ(scanner.scan("+OK\r\n"), Status::fault);
  scanner.reset();
  EXPECT_EQ(scanner.scan("+OK\r\n"), Status::complete);
  EXPECT_EQ(scanner.fault(), Fault::none);
}

TEST(Scanner, KeepsNextReplyIntactWhenScannedWithoutNewBytes) {
  Scanner scanner;
  EXPECT_EQ(scanner.scan(""), Status::incomplete);
  EXPECT_EQ(scanner.scan("*1\r\n:1\r\n"), Status::complete);
  EXPECT_EQ(scanner.scan("*1\r\n:1\r\n"), Status::incomplete);
  EXPECT_EQ(scanner.begin(), 8U);
  EXPECT_EQ(scanner.discardable(), 8U);
  EXPECT_EQ(scanner.wanted(), 1U);
  EXPECT_FALSE(scanner.sequence());
  EXPECT_FALSE(scanner.bulk());
  scanner.discard(8);
  EXPECT_EQ(scanner.position(), 0U);
  EXPECT_EQ(scanner.scan("$2\r\nab"), Status::incomplete);
  EXPECT_EQ(scanner.scan("$2\r\nab\r\n"), Status::complete);
  EXPECT_EQ(scanner.begin(), 0U);
  EXPECT_EQ(scanner.position(), 8U);
  EXPECT_EQ(scanner.type(), Type::bulk);
}

TEST(Scanner, AllowsReceivingLargeBulkElsewhere) {
  Scanner scanner;
  std::string buffer = "+first\r\n$100000\r\nabc";
  EXPECT_EQ(scanner.scan(buffer), Status::complete);
  EXPECT_EQ(scanner.scan(buffer), Status::incomplete);
  const auto bulk = scanner.bulk();
  ASSERT_TRUE(bulk);
  EXPECT_EQ(buffer.substr(bulk->begin), "abc");
  EXPECT_EQ(bulk->size, 100000U);
  EXPECT_EQ(bulk->missing, 99997U);
  EXPECT_EQ(scanner.wanted(), 99999U);

  EXPECT_EQ(scanner.discardable(), buffer.size());
  scanner.discard(buffer.size());
  scanner.bulk_received(99990);
  EXPECT_EQ(scanner.bulk()->missing, 7U);
  scanner.bulk_received(7);
  EXPECT_EQ(scanner.scan("\r"), Status::incomplete);
  EXPECT_EQ(scanner.scan("\r\n+next\r\n"), Status::complete);
  EXPECT_EQ(scanner.position(), 2U);
  EXPECT_EQ(scanner.type(), Type::bulk);
  EXPECT_EQ(scanner.scan("\r\n+next\r\n"), Status::complete);
  EXPECT_EQ(scanner.type(), Type::simple);
}

TEST(Scanner, FaultsWhenBulkReceivedElsewhereLacksTerminator) {
  Scanner scanner;
  EXPECT_EQ(scanner.scan("$5\r\n"), Status::incomplete);
  scanner.discard(4);
  scanner.bulk_received(5);
  EXPECT_EQ(scanner.scan("\rx"), Status::fault);
  EXPECT_EQ(scanner.fault(), Fault::crlf);
}

TEST(Scanner, OffersOnlyPlainTopLevelBulks) {
  for (const std::string_view bytes :
       {"*1\r\n$9\r\nabc", "!9\r\nabc", "=9\r\ntxt:", "$?\r\n;9\r\nabc", "$9", "+abc"}) {
    Scanner scanner;
    EXPECT_EQ(scanner.scan(bytes), Status::incomplete);
    EXPECT_FALSE(scanner.bulk()) << bytes;
  }
}

TEST(Scanner, ReportsCompleteElementsOfSequence) {
  Scanner scanner;
  std::string buffer = "*4\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n|1\r\n+k\r\n+v\r\n:3\r";
  EXPECT_EQ(scanner.scan(buffer), Status::incomplete);
  auto sequence = scanner.sequence();
  ASSERT_TRUE(sequence);
  EXPECT_EQ(sequence->type, Type::array);
  EXPECT_EQ(sequence->declared, 4U);
  EXPECT_EQ(buffer.substr(sequence->begin, sequence->end - sequence->begin), "$1\r\na\r\n*2\r\n:1\r\n:2\r\n");
  EXPECT_EQ(scanner.discardable(), sequence->end);

  buffer.erase(0, sequence->end);
  scanner.discard(sequence->end);
  buffer += "\n:4\r\n";
  EXPECT_EQ(scanner.scan(buffer), Status::complete);
  EXPECT_EQ(scanner.position(), buffer.size());
  EXPECT_FALSE(scanner.sequence());
}

TEST(Scanner, EndsMapSequenceOnlyAfterValues) {
  const std::string_view whole = "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n";
  Scanner scanner;
  EXPECT_EQ(scanner.scan(whole.substr(0, 18)), Status::incomplete);
  EXPECT_EQ(scanner.sequence()->declared, 4U);
  EXPECT_EQ(scanner.sequence()->end, 12U) << "not after the key b";
}

TEST(Scanner, OffersNoSequenceForStreamedTypesAndAttributes) {
  for (const std::string_view bytes :
       {"*?\r\n:1\r\n:2\r\n", "|2\r\n+a\r\n:1\r\n", "!5\r\nab", "~?\r\n:1\r\n"}) {
    Scanner scanner;
    EXPECT_EQ(scanner.scan(bytes), Status::incomplete);
    EXPECT_FALSE(scanner.sequence()) << bytes;
    EXPECT_EQ(scanner.discardable(), 0U);
  }
}

TEST(Scanner, SkipsAttributesBeforeSequence) {
  const std::string_view bytes = "|1\r\n+a\r\n:1\r\n*3\r\n:1\r\n:2\r\n";
  Scanner scanner;
  EXPECT_EQ(scanner.scan(bytes), Status::incomplete);
  ASSERT_TRUE(scanner.sequence());
  EXPECT_EQ(scanner.sequence()->begin, 16U);
  EXPECT_EQ(scanner.sequence()->end, 20U) << "an odd number of values was declared: an even one is left";
}

TEST(Scanner, FaultsWhenLimitIsExceeded) {
  Limits limits;
  limits.depth = 2;
  limits.line = 4;
  limits.bulk = 5;
  limits.elements = 3;
  EXPECT_EQ(fault_of("*1\r\n*1\r\n:1\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("*1\r\n*1\r\n*1\r\n", limits), Fault::depth);
  EXPECT_EQ(fault_of("*1\r\n*1\r\n*0\r\n", limits), Fault::depth);
  EXPECT_EQ(fault_of("*?\r\n*?\r\n*?\r\n", limits), Fault::depth);
  for (const std::string_view line : {"+abcd\r\n", "-ab\rd\r\n", "(1234\r\n", ",1.25\r\n", ":1234\r\n"}) {
    EXPECT_EQ(fault_of(line, limits), Fault::none) << line;
  }
  for (const std::string_view line : {"+abcde", "-ab\rde", "+abcd\rx", "(12345", ",1.255", ":00001",
                                      ":12345\r\n", ":-1234\r\n", "(-1234"}) {
    EXPECT_EQ(fault_of(line, limits), Fault::limit_line) << line;
  }
  EXPECT_EQ(fault_of("$5\r\nabcde\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("$6", limits), Fault::limit_bulk);
  EXPECT_EQ(fault_of("=6", limits), Fault::limit_bulk);
  EXPECT_EQ(fault_of("$?\r\n;3\r\nabc\r\n;2\r\nab\r\n;0\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("$?\r\n;3\r\nabc\r\n;3", limits), Fault::limit_bulk) << "chunks count together";
  EXPECT_EQ(fault_of("*3\r\n:1\r\n:1\r\n:1\r\n%3\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("*4", limits), Fault::limit_elements);
  EXPECT_EQ(fault_of("%4", limits), Fault::limit_elements);
  EXPECT_EQ(fault_of("*?\r\n:1\r\n:1\r\n:1\r\n.\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("*?\r\n:1\r\n:1\r\n:1\r\n:1\r\n", limits), Fault::limit_elements);
  EXPECT_EQ(fault_of("%?\r\n" + repeated(":1\r\n", 6) + ".\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("%?\r\n" + repeated(":1\r\n", 8), limits), Fault::limit_elements);
}

// Returns the fault and its offset for input that arrives in pieces of `size` bytes.
std::pair<Fault, std::size_t> fault_in_pieces(std::string_view bytes, const Limits& limits,
                                              std::size_t size) {
  Scanner scanner(limits);
  for (std::size_t end = 0; end != bytes.size();) {
    end = std::min(end + size, bytes.size());
    Status status = Status::complete;
    while (status == Status::complete && scanner.position() != end)
      status = scanner.scan(bytes.substr(0, end));
    if (status == Status::fault) return {scanner.fault(), scanner.fault_offset()};
  }
  return {Fault::none, 0};
}

TEST(Scanner, FaultsAtSameByteOfMessageLimitHoweverInputIsCut) {
  Limits limits;
  limits.line = limits.bulk = 16;
  limits.push = 20;
  limits.reply = 100;
  const std::string ten = "+xxxxxxx\r\n";  // ten bytes
  struct Case {
    std::string bytes;
    Fault fault;
    std::size_t offset = 0;
  };
  const std::string attribute = "|1\r\n+a\r\n$2\r\nbc\r\n";  // 16 bytes
  const std::string attribute_of_20 = "|1\r\n+a\r\n$6\r\nbcdefg\r\n";
  const std::string attribute_of_21 = "|1\r\n+a\r\n$7\r\nbcdefgh\r\n";
  for (const Case& entry : {
           Case{">2\r\n+abcde\r\n+abcde\r\n", Fault::none},
           Case{">2\r\n+abcde\r\n+abcdef\r\n", Fault::limit_push, 20},
           Case{"+OK\r\n>2\r\n+abcde\r\n+abcdefgh\r\n+OK\r\n", Fault::limit_push, 25},
           Case{">9\r\n" + repeated(ten, 9), Fault::limit_push, 20},
           Case{">1\r\n*9\r\n" + repeated(ten, 9), Fault::limit_push, 20},
           Case{attribute_of_20 + ":1\r\n", Fault::none},
           Case{attribute_of_21 + ":1\r\n", Fault::limit_push, 20},
           Case{attribute + "|0\r\n:1\r\n", Fault::none},
           Case{attribute + "|0\r\n|0\r\n:1\r\n", Fault::limit_push, 20},
           Case{attribute + attribute + "*1\r\n:1\r\n", Fault::limit_push, 20},
           Case{"|?\r\n" + repeated(ten, 4) + ".\r\n:1\r\n", Fault::limit_push, 20},
           Case{"*5\r\n" + repeated(ten, 5), Fault::none},
           Case{"*9\r\n" + repeated(ten, 9) + "+OK\r\n", Fault::none},
           Case{"*10\r\n" + repeated(ten, 10), Fault::limit_reply, 100},
           Case{"%5\r\n" + repeated(ten, 10), Fault::limit_reply, 100},
           Case{"*?\r\n" + repeated(ten, 12), Fault::limit_reply, 100},
           Case{"*2\r\n" + repeated("*2\r\n", 30), Fault::limit_reply, 100},
           Case{"*2\r\n" + repeated(attribute, 7), Fault::limit_reply, 100},
           Case{"*12\r\n" + repeated(ten, 11) + "@", Fault::limit_reply, 100},
           Case{"*12\r\n" + repeated(ten, 9) + "@" + ten, Fault::type_byte, 95},
       }) {
    for (std::size_t size = 1; size <= entry.bytes.size(); ++size) {
      const auto [fault, offset] = fault_in_pieces(entry.bytes, limits, size);
      EXPECT_EQ(fault, entry.fault) << entry.bytes << " in pieces of " << size;
      EXPECT_EQ(offset, entry.offset) << entry.bytes << " in pieces of " << size;
    }
  }
}

TEST(Scanner, CountsDiscardedValuesTowardsReplyLimit) {
  Limits limits;
  limits.line = limits.bulk = 16;
  limits.reply = 100;
  Scanner scanner(limits);
  std::string buffer = "*1000\r\n";
  std::size_t received = buffer.size();
  for (;;) {
    const Status status = scanner.scan(buffer);
    if (status == Status::fault) break;
    ASSERT_EQ(status, Status::incomplete);
    ASSERT_LE(received, 100U);
    const std::size_t taken = scanner.sequence()->end;
    buffer.erase(0, taken);
    scanner.discard(taken);
    buffer += ":1234\r\n";
    received += 7;
  }
  EXPECT_EQ(scanner.fault(), Fault::limit_reply);
  EXPECT_LE(received, 107U);
  scanner.reset();
  EXPECT_EQ(scanner.scan("*1\r\n:1\r\n"), Status::complete) << "each reply counts from its own beginning";
}

TEST(Scanner, AcceptsStringWithinItsLimitAboveReplyLimit) {
  Limits limits;
  limits.line = 8;
  limits.bulk = 1000;
  limits.reply = 10;
  const std::string bulk = "$1000\r\n" + std::string(1000, 'x') + "\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, bulk.size()})
    EXPECT_EQ(fault_in_pieces(bulk, limits, size).first, Fault::none) << size;
}

TEST(Scanner, FaultsWhenNoValueFollowsAttribute) {
  EXPECT_EQ(fault_of("*?\r\n|1\r\n+a\r\n+b\r\n.\r\n"), Fault::type_byte);
  EXPECT_EQ(fault_of("*?\r\n|0\r\n.\r\n"), Fault::type_byte);
  EXPECT_EQ(fault_of("|?\r\n+a\r\n.\r\n"), Fault::map_odd);
  EXPECT_EQ(fault_of("%?\r\n+a\r\n.\r\n"), Fault::map_odd);
  EXPECT_EQ(fault_of("%?\r\n+a\r\n|1\r\n+a\r\n+b\r\n.\r\n"), Fault::type_byte);
  EXPECT_EQ(fault_of("|?\r\n+a\r\n+b\r\n.\r\n:1\r\n"), Fault::none);
  EXPECT_EQ(fault_of("|1\r\n>1\r\n"), Fault::push_nested);
  EXPECT_EQ(fault_of("=?\r\n;3\r\ntxt\r\n;1\r\nx"), Fault::verbatim);
  EXPECT_EQ(fault_of("=?\r\n;3\r\ntxt\r\n;0\r\n"), Fault::verbatim);
}

// Each byte is overwritten after its call, so the test fails if a later call reads it. Within one call a byte
// is read at most twice: by the fast path and by the state machine.
TEST(Scanner, ReadsEachByteOfLargeArrayInOneCall) {
  std::string input = "*20000\r\n";
  for (int i = 0; i != 10000; ++i) input += "$32\r\n" + std::string(32, 'v') + "\r\n:123456789\r\n";
  Scanner scanner;
  std::string arrived;
  Status status = Status::incomplete;
  for (const char c : input) {
    ASSERT_EQ(status, Status::incomplete);
    if (!arrived.empty()) arrived.back() = '@';
    arrived += c;
    status = scanner.scan(arrived);
    ASSERT_EQ(scanner.position(), arrived.size());
  }
  EXPECT_EQ(status, Status::complete);
}

TEST(Scanner, DoesNotAllocateForFlatReplies) {
  const std::string input = "*100000\r\n" + repeated("$1\r\na\r\n", 100000);
  const test::HeapWatch watch;
  Scanner scanner;
  EXPECT_EQ(scanner.scan(input), Status::complete);
  EXPECT_EQ(watch.allocations(), 0U);
}

TEST(Scanner, FreesMemoryOfDeepReplies) {
  const std::string deep = repeated("*1\r\n", 1000) + ":1\r\n";
  Scanner scanner;
  EXPECT_EQ(scanner.scan(deep), Status::complete);
  const std::string more = deep + "*1\r\n*1\r\n:1\r\n";
  const test::HeapWatch watch;
  EXPECT_EQ(scanner.scan(more), Status::complete);
  EXPECT_GT(watch.allocations(), 0U) << "the memory had been freed";
  EXPECT_LT(watch.peak(), 128U);
}

TEST(Scanner, NeedsLittleStackWhenDeeplyNested) {
  bool complete = false;
  test::on_small_stack([&] {
    Limits limits;
    limits.depth = 200000;
    Scanner scanner(limits);
    complete = scanner.scan(repeated("*1\r\n", 200000) + ":1\r\n") == Status::complete;
  });
  EXPECT_TRUE(complete);
}

TEST(Scanner, DoesNotOverflowWithHugeLimits) {
  Limits limits;
  limits.depth = limits.line = limits.bulk = limits.elements = limits.push = limits.reply =
      static_cast<std::size_t>(-1);
  EXPECT_EQ(fault_of("$18446744073709551615\r\n", limits), Fault::limit_bulk);
  EXPECT_EQ(fault_of("%18446744073709551615\r\n", limits), Fault::limit_elements);
  EXPECT_EQ(fault_of("%400000000000000000\r\n", limits), Fault::none);
  EXPECT_EQ(fault_of("*?\r\n:1\r\n.\r\n", limits), Fault::none);
}

}  // namespace
}  // namespace redstart::inline v0::resp
