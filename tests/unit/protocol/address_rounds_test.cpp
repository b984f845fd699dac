// SPDX-License-Identifier: Apache-2.0
// address_rounds_test.cpp: order, time shares and end of address attempts.
#include "protocol/address_rounds.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <vector>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;

const TimePoint begin{1000s};

struct Tried {
  std::size_t address;
  Clock::duration at;
  Clock::duration took;
  friend bool operator==(const Tried&, const Tried&) = default;
};

// Returns the attempts made if the addresses fail with these errors. ETIMEDOUT uses up its time, other errors
// take none.
std::vector<Tried> run(const std::vector<int>& errors, Clock::duration budget, int& error) {
  AddressRounds rounds(errors.size(), begin + budget);
  std::vector<Tried> tried;
  for (TimePoint now = begin;;) {
    const auto attempt = rounds.next(now);
    if (!attempt) break;
    const int failed = errors[attempt->address];
    const TimePoint end = failed == ETIMEDOUT ? attempt->until : now;
    tried.push_back({attempt->address, now - begin, end - now});
    now = end;
    rounds.failed(failed);
    if (tried.size() == 100) break;
  }
  error = rounds.error();
  return tried;
}

TEST(AddressRoundsTest, RetriesSilentAddressUntilDeadline) {
  int error = 0;
  EXPECT_EQ(run({ETIMEDOUT}, 5s, error),
            (std::vector<Tried>{
                {0, 0s, 750ms}, {0, 750ms, 750ms}, {0, 1500ms, 750ms}, {0, 2250ms, 750ms}, {0, 3s, 2s}}));
  EXPECT_EQ(run({ETIMEDOUT}, 1s, error), (std::vector<Tried>{{0, 0s, 750ms}, {0, 750ms, 250ms}}));
  EXPECT_EQ(error, ETIMEDOUT);
  EXPECT_EQ(run({ETIMEDOUT}, 300ms, error), (std::vector<Tried>{{0, 0s, 300ms}}));
}

TEST(AddressRoundsTest, TriesRefusingAddressOnce) {
  int error = 0;
  EXPECT_EQ(run({ECONNREFUSED}, 5s, error), (std::vector<Tried>{{0, 0s, 0s}}));
  EXPECT_EQ(error, ECONNREFUSED);
  EXPECT_EQ(run({EHOSTUNREACH, ECONNREFUSED}, 5s, error), (std::vector<Tried>{{0, 0s, 0s}, {1, 0s, 0s}}));
}

TEST(AddressRoundsTest, GivesEachAddressItsShareOfTime) {
  int error = 0;
  EXPECT_EQ(run({ETIMEDOUT, ETIMEDOUT, ETIMEDOUT}, 300ms, error),
            (std::vector<Tried>{{0, 0s, 100ms}, {1, 100ms, 100ms}, {2, 200ms, 100ms}}));
  EXPECT_EQ(run({ETIMEDOUT, ETIMEDOUT}, 5s, error), (std::vector<Tried>{{0, 0s, 750ms},
                                                                        {1, 750ms, 750ms},
                                                                        {0, 1500ms, 750ms},
                                                                        {1, 2250ms, 750ms},
                                                                        {0, 3s, 1s},
                                                                        {1, 4s, 1s}}));
}

TEST(AddressRoundsTest, RetriesOnlySilentAddresses) {
  int error = 0;
  EXPECT_EQ(run({ETIMEDOUT, ECONNREFUSED, ETIMEDOUT}, 5s, error), (std::vector<Tried>{{0, 0s, 750ms},
                                                                                      {1, 750ms, 0s},
                                                                                      {2, 750ms, 750ms},
                                                                                      {0, 1500ms, 750ms},
                                                                                      {2, 2250ms, 750ms},
                                                                                      {0, 3s, 1s},
                                                                                      {2, 4s, 1s}}));
  EXPECT_EQ(error, ETIMEDOUT);
}

TEST(AddressRoundsTest, TriesNothingWithoutTime) {
  AddressRounds rounds(1, begin);
  EXPECT_FALSE(rounds.next(begin));
  EXPECT_EQ(rounds.error(), ETIMEDOUT);
}

}  // namespace
}  // namespace redstart::inline v0::protocol
