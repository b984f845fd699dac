// SPDX-License-Identifier: Apache-2.0
// vectors_test.cpp: scans every test vector, cut in every way.
#include "support/heap_watch.hpp"
#include "support/resp_vectors.hpp"
#include "support/small_stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <set>

namespace redstart::test {
namespace {

constexpr std::size_t every_offset_up_to = 4096;

/// Where to cut an input in two: everywhere, or, if it is large, near both ends, around powers of two, and at
/// random offsets.
std::vector<std::size_t> cut_offsets(const Vector& vector, std::mt19937& random) {
  const std::size_t size = vector.input.size();
  std::set<std::size_t> offsets;
  if (size <= every_offset_up_to) {
    for (std::size_t at = 0; at <= size; ++at) offsets.insert(at);
  } else {
    for (std::size_t at = 0; at != 40; ++at) offsets.insert({at, size - at});
    for (std::size_t power = 64; power < size; power *= 2) offsets.insert({power - 1, power, power + 1});
    std::uniform_int_distribution<std::size_t> anywhere(0, size);
    for (int i = 0; i != 60; ++i) offsets.insert(anywhere(random));
  }
  return {offsets.begin(), offsets.end()};
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts(size);
  std::iota(cuts.begin(), cuts.end(), std::size_t{0});
  return cuts;
}

TEST(RespVectors, FileIsComplete) { EXPECT_GE(resp_vectors().size(), 190U); }

TEST(RespVectors, MatchWhenScannedWhole) {
  for (const Vector& vector : resp_vectors())
    EXPECT_EQ(difference(vector, run(vector.input)), "") << vector.name;
}

TEST(RespVectors, MatchWhenCutInTwoAnywhere) {
  std::mt19937 random(1);
  for (const Vector& vector : resp_vectors()) {
    const Outcome whole = run(vector.input);
    for (const std::size_t at : cut_offsets(vector, random)) {
      // the first piece is allocated at its exact size, so that a sanitizer detects reads beyond it
      const std::unique_ptr<char[]> piece(new char[at + 1]);
      std::memcpy(piece.get(), vector.input.data(), at);
      resp::Scanner scanner;
      std::size_t begin = 0;
      Outcome outcome;
      auto status = scanner.scan({piece.get(), at});
      for (; status == resp::Scanner::Status::complete; status = scanner.scan({piece.get(), at})) {
        if (!append({piece.get() + begin, scanner.position() - begin}, outcome)) break;
        begin = scanner.position();
      }
      if (status == resp::Scanner::Status::fault) {
        EXPECT_EQ(scanner.fault_offset(), whole.fault_offset) << vector.name << " cut at " << at;
        continue;
      }
      ASSERT_EQ(run(vector.input, {at}), whole) << vector.name << " cut at " << at;
    }
  }
}

TEST(RespVectors, MatchWhenScannedByteByByte) {
  for (const Vector& vector : resp_vectors()) {
    EXPECT_EQ(difference(vector, run(vector.input, every_byte(vector.input.size()))), "") << vector.name;
  }
}

TEST(RespVectors, MatchWhenScannedTwiceInARow) {
  for (const Vector& vector : resp_vectors()) {
    resp::Scanner scanner;
    const Outcome once = run(scanner, vector.input, {});
    if (!once.end.empty()) {
      scanner.reset();
      EXPECT_EQ(run(scanner, vector.input, {}), once) << vector.name;
      continue;
    }
    Outcome twice = once;
    twice.values.insert(twice.values.end(), once.values.begin(), once.values.end());
    EXPECT_EQ(run(vector.input + vector.input), twice) << vector.name;
    scanner.discard(scanner.discardable());
    EXPECT_EQ(run(scanner, vector.input, {}), once) << vector.name << " after a discard";
  }
}

TEST(RespVectors, MatchWhenCutAtRandom) {
  std::mt19937 random(2);
  for (const Vector& vector : resp_vectors()) {
    const Outcome whole = run(vector.input);
    for (int round = 0; round != 10; ++round) {
      std::uniform_int_distribution<std::size_t> anywhere(0, vector.input.size());
      std::vector<std::size_t> cuts(1 + static_cast<std::size_t>(round) * 3);
      for (std::size_t& cut : cuts) cut = anywhere(random);
      std::sort(cuts.begin(), cuts.end());
      ASSERT_EQ(run(vector.input, cuts), whole) << vector.name;
    }
  }
}

TEST(RespVectors, BoundPeakHeapByInputSize) {
  for (const Vector& vector : resp_vectors()) {
    const std::size_t allowed = 8 * vector.input.size() + 65536;
    const auto cuts = every_byte(vector.input.size());
    {
      const HeapWatch watch;
      run(vector.input);
      EXPECT_LE(watch.peak(), allowed) << vector.name;
    }
    {
      const HeapWatch watch;
      run(vector.input, cuts);
      EXPECT_LE(watch.peak(), allowed) << vector.name << " byte by byte";
    }
  }
}

TEST(RespVectors, NeedLittleStackWhenDeeplyNested) {
  for (const Vector& vector : resp_vectors()) {
    if (vector.name.find("depth") == std::string::npos && vector.expect.find("nest") == std::string::npos)
      continue;
    std::string different = "did not run";
    on_small_stack([&] {
      const Outcome outcome = run(vector.input);
      const Outcome copy = outcome;
      different = difference(vector, copy);
      for (const Value& value : copy.values) {
        if (to_string(value).empty()) different = "prints nothing";
      }
    });
    EXPECT_EQ(different, "") << vector.name;
  }
}

// Callers may discard scanned bytes, so each byte is read only in the call that first passes it.
TEST(RespVectors, DoNotReadBytesBeforePositionAgain) {
  for (const Vector& vector : resp_vectors()) {
    if (vector.input.find(',') != std::string::npos || vector.input.size() > every_offset_up_to) continue;
    const Outcome whole = run(vector.input);
    std::string arrived;
    resp::Scanner scanner;
    std::size_t replies = 0;
    std::string end;
    for (const char c : vector.input) {
      arrived += c;
      auto status = scanner.scan(arrived);
      while (status == resp::Scanner::Status::complete) {
        ++replies;
        status = scanner.scan(arrived);
      }
      if (status == resp::Scanner::Status::fault) {
        end = "error:" + std::string(to_string(scanner.fault()));
        break;
      }
      std::fill_n(arrived.begin(), scanner.position(), '@');
    }
    EXPECT_EQ(replies, whole.values.size()) << vector.name;
    EXPECT_EQ(end, whole.end == "incomplete" ? "" : whole.end) << vector.name;
  }
}

}  // namespace
}  // namespace redstart::test
